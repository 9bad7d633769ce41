"""A real local Spark in a zone that is not the data's; without pyspark or Java these tests are skipped."""

from __future__ import annotations

import os
import shutil
import sys
import warnings

import pytest

from fitted import fitted, registered  # noqa: F401

pyspark = pytest.importorskip("pyspark", reason="no pyspark here; make test-spark brings it")


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    if shutil.which("java") is None:
        pytest.skip("no Java")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        builder = SparkSession.builder.master("local[2]").appName("tests")
        settings = {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.codegen.wholeStage": "false",  # for a few rows, compiling takes longer than running
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.session.timeZone": "America/New_York",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
            "spark.driver.memory": "1g",
            "spark.log.level": "ERROR",
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    yield session
    session.stop()
