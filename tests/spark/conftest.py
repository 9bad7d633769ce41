"""A real local Spark in a zone that is not the data's; without pyspark or Java these tests are skipped."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
import warnings

import pytest

from fitted import fitted, registered  # noqa: F401

pyspark = pytest.importorskip("pyspark", reason="no pyspark here; make test-spark brings it")
WITH_CONNECT = int(pyspark.__version__.split(".")[0]) >= 4 and importlib.util.find_spec("grpc") is not None


@pytest.fixture(scope="session")
def connect_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def session(tmp_path_factory, connect_port):
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
            "spark.driver.memory": "2g",
            "spark.log.level": "ERROR",
        }
        if WITH_CONNECT:
            settings["spark.plugins"] = "org.apache.spark.sql.connect.SparkConnectPlugin"
            settings["spark.connect.grpc.binding.port"] = str(connect_port)
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def remote(session, connect_port):
    """The same Spark, seen from afar: no JVM, no context, only what goes over the wire."""
    if not WITH_CONNECT:
        pytest.skip("Spark Connect needs Spark 4 and grpcio here: pip install 'pyspark[connect]>=4'")
    from pyspark.sql.connect.session import SparkSession

    remote = SparkSession.builder.remote(f"sc://localhost:{connect_port}").getOrCreate()
    yield remote
    remote.stop()
