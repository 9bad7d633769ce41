"""The bundle as one MLflow pyfunc, from code and open files: nothing in it is pickled."""

from __future__ import annotations

import gc
import logging
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types import ColSpec, Schema

from patronage import names as c
from patronage.bundle import ABOUT_BUYERS, Bundle
from patronage.errors import FitError, TrackingError
from patronage.lenses import described
from patronage.tracking.store import Store, alone, first_line

log = logging.getLogger(__name__)

CHAMPION = "champion"  # the alias of the version that is in use

REQUIREMENTS = (
    "patronage", "mlflow", "scikit-learn", "lightgbm", "pandas", "numpy", "scipy", "numba",
)  # fmt: skip


def log_bundle(store: Store, bundle: Bundle, features: pd.DataFrame) -> str:
    """Log the bundle as one pyfunc model from code, and register it; gives the version."""
    example = features.head(5).reset_index()
    with tempfile.TemporaryDirectory() as folder:
        bundle.save(Path(folder, "bundle"))
        logged = mlflow.pyfunc.log_model(
            name="bundle",
            python_model=str(files("patronage.tracking") / "serving.py"),
            artifacts={"bundle": str(Path(folder, "bundle"))},
            signature=_signature(bundle, features.head(5)),
            input_example=example,
            # given, not inferred: inferring starts another interpreter
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        )
    with alone(store.uri):
        return str(mlflow.register_model(logged.model_uri, store.registered_model).version)


@dataclass(frozen=True)
class Champion:
    """The bundle in use: its version, and the cutoff and data of its run."""

    bundle: Bundle
    version: str
    cutoff: str
    data: str


def load_champion(store: Store) -> Champion | None:
    """The registered model's champion; None where there is none that can still be read.

    Raises
    ------
    TrackingError
        The champion's files or run are gone.
    """
    try:
        version = store.client.get_model_version_by_alias(store.registered_model, CHAMPION)
    except MlflowException:  # no such model, or no version has the alias
        return None
    try:
        run = store.client.get_run(str(version.run_id)).data
        with tempfile.TemporaryDirectory() as folder:
            files = mlflow.artifacts.download_artifacts(version.source, dst_path=folder)
            bundle = Bundle.load(Path(files, "artifacts", "bundle"))
    except FitError as error:
        log.warning("the champion, version %s, is not carried on: %s", version.version, error)
        return None
    except (MlflowException, OSError) as error:
        raise TrackingError(
            f"the champion, version {version.version} of {store.registered_model}, cannot be read: "
            f"{first_line(error)}; give the alias {CHAMPION} to a version whose files are there, or take it away"
        ) from error
    return Champion(bundle, str(version.version), run.tags[c.CUTOFF], run.params["data"])


def _signature(bundle: Bundle, few: pd.DataFrame) -> ModelSignature:
    features = described(bundle.lenses, bundle.lens_names)
    inputs = [ColSpec("string" if feature.text else "double", name) for name, feature in features.items()]
    said = bundle.assign(few)
    kinds = {"f": "double", "i": "integer"}
    always = set(said) - set(ABOUT_BUYERS)
    outputs = [ColSpec(kinds.get(said[name].dtype.kind, "string"), name, required=name in always) for name in said]
    customer = ColSpec("string", c.CUSTOMER_ID)
    return ModelSignature(Schema([customer, *inputs]), Schema([customer, *outputs]))


class BundleModel(PythonModel):
    """The bundle behind MLflow's pyfunc: features in, assignments out, both with `customer_id` as a column."""

    def load_context(self, context: PythonModelContext) -> None:
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))
        gc.set_threshold(100_000)  # as cli.py: to look through all that stays made a customer wait a fifth of a second

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        _check_rows(model_input)
        # by position: the same customer may be asked about twice, as of two cutoffs
        customers = pd.Index(model_input[c.CUSTOMER_ID])
        said = self.bundle.assign(model_input.reset_index(drop=True), customers)
        said.insert(0, c.CUSTOMER_ID, model_input[c.CUSTOMER_ID].to_numpy())
        return said


def _check_rows(features: pd.DataFrame) -> None:
    """Refuse rows that no lens makes, with a line that names the column."""
    if features.empty:
        raise MlflowException.invalid_parameter_value("no rows; expected one per customer")
    needed = (c.N_ORDERS, c.ACTIVE_DAYS, c.NET_REVENUE)
    buying = (c.FREQUENCY, c.RECENCY, c.T, c.MONETARY_VALUE, c.DAYS_SINCE_LAST_ORDER, c.TENURE_DAYS)
    everyone = np.full(len(features), True)
    buyers = features[c.N_ORDERS].to_numpy(np.float64) > 0
    for rows, names in ((everyone, needed), (buyers, buying)):
        for name in names:
            lacking = int(np.isnan(features[name].to_numpy(np.float64)[rows]).sum())
            if lacking:
                raise MlflowException.invalid_parameter_value(
                    f"{name}: missing in {lacking} of {int(rows.sum())} rows where n_orders > 0 needs it; "
                    "expected the features of `patronage.lenses.features_at`"
                )


def serve() -> None:
    """Name the model of a model file."""
    mlflow.models.set_model(BundleModel())
