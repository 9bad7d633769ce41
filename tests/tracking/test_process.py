"""Importing the package and loading a model change nothing in the process that does it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SNAPSHOT = """
import gc, os, sys, warnings, logging
import numpy, pandas, scipy.special, scipy.stats, sklearn.cluster, lightgbm, duckdb, pyarrow, numba, omegaconf  # theirs
def state():
    mlflow = sys.modules.get("mlflow")
    return {
        "environment": dict(os.environ), "filters": list(warnings.filters), "gc": gc.get_threshold(),
        "argv": list(sys.argv), "level": logging.getLogger().level,
        "uri": mlflow and (mlflow.get_tracking_uri(), mlflow.get_registry_uri()),
    }
def same(before):
    after = state()
    changed = [key for key in before if before[key] != after[key]]
    assert not changed, [(key, before[key], after[key]) for key in changed if key != "environment"]
"""


def check(code: str, folder) -> None:
    words = [sys.executable, "-c", SNAPSHOT + code]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("module", ["patronage", "patronage.scoring", "patronage.bundle"])
def test_an_import(tmp_path, module):
    check(f"before = state()\nimport {module}\nsame(before)", tmp_path)


def test_the_import_of_tracking_after_mlflow(tmp_path):
    check("import mlflow, mlflow.pyfunc\nbefore = state()\nimport patronage.tracking\nsame(before)", tmp_path)


def test_loading_a_model_and_predicting(registered, tmp_path):
    code = f"""
import mlflow, numpy, pandas, lightgbm
mlflow.set_tracking_uri({registered!r})
mlflow.pyfunc
before = state()
model = mlflow.pyfunc.load_model("models:/patronage@champion")
assert len(model.predict(model.input_example)) == 2
same(before)
"""
    check(code, tmp_path)
