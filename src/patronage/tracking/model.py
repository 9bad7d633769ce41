"""The bundle as one MLflow pyfunc, from code and open files: nothing in it is pickled."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.client import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types import ColSpec, Schema, TensorSpec
from mlflow.types.schema import AnyType

from patronage import lenses, temporary
from patronage import names as c
from patronage.bundle import ABOUT_BUYERS, Bundle
from patronage.errors import PatronageError, TrackingError
from patronage.review.record import RunRecord
from patronage.scoring import example_features
from patronage.scoring.requests import EXPECTED, check_rows, column_at_fault, typed_features, with_ids
from patronage.tracking.store import Store, alone

NAME = "bundle"
VERSIONS = "mlflow.modelVersions"  # the tag by which the page of a model names its registered versions
ABOUT = """Personas, churn, value and journey of every customer of one log.

The version in use has the alias `champion`; `patronage promote run=RUN` gives it. Assign customers by
`patronage score model=models:/{name}@champion data=... cutoff=... output=...`. Each version has a card.
"""
FEW_ROWS = 1_000  # of which the column at fault is looked for
KINDS = {"f": "double", "i": "integer", "b": "boolean"}
REQUIREMENTS = (
    "patronage", "mlflow", "scikit-learn", "lightgbm", "pandas", "numpy", "scipy", "numba",
)  # fmt: skip


def log_bundle(
    store: Store, run_id: str, record: RunRecord, bundle: Bundle, example: pd.DataFrame | None = None
) -> str:
    """Log the bundle as one pyfunc model from code, with the metrics of its run; gives the id of the model.

    MLflow's own `log_model` takes the store from the process; here it is an argument.

    Parameters
    ----------
    example
        Features of customers that the model shows as its input example; None makes some up.
    """
    client = store.client
    run = client.get_run(run_id)
    model = client.create_logged_model(store.experiment_id, NAME, run_id, params=dict(run.data.params))
    status = LoggedModelStatus.FAILED
    try:
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
        client.log_batch(run_id, metrics=metrics_of(record, model.model_id, run_id))
        with temporary.folder() as folder:
            _save(Path(folder), model, bundle, example)
            client.log_model_artifacts(model.model_id, str(Path(folder, "model")))
        status = LoggedModelStatus.READY
    finally:
        client.finalize_logged_model(model.model_id, status)
    return str(model.model_id)


def _save(folder: Path, model: LoggedModel, bundle: Bundle, example: pd.DataFrame | None) -> None:
    bundle.save(folder / NAME)
    shown = example_features(bundle) if example is None else example
    mlflow.pyfunc.save_model(
        path=folder / "model",
        mlflow_model=Model(
            artifact_path=model.artifact_location,
            run_id=model.source_run_id,
            model_uuid=model.model_id,
            model_id=model.model_id,
        ),
        python_model=str(files("patronage.tracking") / "serving.py"),
        artifacts={NAME: str(folder / NAME)},
        signature=signature(bundle),
        input_example=shown.rename_axis(c.CUSTOMER_ID).reset_index(),
        # given, not inferred: inferring starts another interpreter
        pip_requirements=[f"{name}=={metadata.version(name)}" for name in REQUIREMENTS],
    )


def metrics_of(record: RunRecord, model_id: str | None = None, run_id: str | None = None) -> list[Metric]:
    """The finite metrics of a run, each with the customers on whom it was measured.

    So a model's page shows metric by holdout. All have the time at which the run began: logged again with the model,
    a metric stays one point.
    """
    place = {name: part for part in record.measured_on for name in part.metrics}
    return [
        Metric(
            name,
            float(value),
            record.started_ms,
            0,
            model_id=model_id,
            dataset_name=place[name].name if name in place else None,
            dataset_digest=place[name].digest if name in place else None,
            run_id=run_id,
        )
        for name, value in record.metrics.items()
        if math.isfinite(value)
    ]


def model_of_run(run: Run) -> str:
    """The id of the model that a run made."""
    models = run.outputs.model_outputs if run.outputs else []
    if not models:
        raise TrackingError(f"run {run.info.run_id} has no model any more; train it again")
    return str(models[0].model_id)


def register(store: Store, model_id: str, card: str = "") -> str:
    """Make a logged model a version of the registered model; gives the version.

    By its files, for MLflow looks up `models:/ID` in the store of the process.

    Parameters
    ----------
    card
        Markdown that stands with the version.
    """
    client, name = store.client, store.registered_model
    model = client.get_logged_model(model_id)
    with alone(store.uri):
        _make_registered_model(client, name)
        version = client.create_model_version(
            name, model.artifact_location, model.source_run_id, model_id=model_id, description=card or None
        ).version
        client.set_logged_model_tags(model_id, {VERSIONS: json.dumps([{"name": name, "version": str(version)}])})
    return str(version)


def _make_registered_model(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name, description=ABOUT.format(name=name))
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise


def signature(bundle: Bundle) -> ModelSignature:
    """Names of what the model takes, names and types of what it gives.

    What it takes is of any type and optional, for MLflow looks at it first: it would refuse whole numbers of 64 bits
    for a `double`, ids that are numbers for a `string`, and a row without a column by a line with the whole signature.
    The model reads the values itself, and names the column that it misses. About churn and value nothing is required
    of a contact.
    """
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(AnyType(), name, required=False)  # the ids may stand in the index too
        for name in (c.CUSTOMER_ID, *lenses.described(bundle.lenses, bundle.lens_names))
    ]
    assignments = bundle.assign(example_features(bundle))
    always = set(assignments) - {*ABOUT_BUYERS, c.P_RENEWAL, c.EXPECTED_REMAINING_MONTHS}
    outputs = [
        ColSpec(KINDS.get(assignments[name].dtype.kind, "string"), name, required=name in always)
        for name in assignments
    ]
    return ModelSignature(Schema(inputs), Schema([ColSpec("string", c.CUSTOMER_ID), *outputs]))


class RefusedRows(MlflowException):
    """Rows that the model refuses, in one line.

    MLflow's server writes the rows of the request before the message of an error, and so into the answer and the logs
    of whatever stands between: they are what a company knows of its customers. The line stays as it was raised.
    """

    def __init__(self, line: str) -> None:
        self._line = line
        super().__init__(line, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        """The line, whatever MLflow makes of it."""
        return self._line

    @message.setter
    def message(self, value: object) -> None:
        pass


class BundleModel(PythonModel):
    """The bundle behind MLflow's pyfunc: features in, assignments out, both with `customer_id` as a column."""

    def load_context(self, context: PythonModelContext) -> None:
        self.bundle = Bundle.load(Path(context.artifacts[NAME]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        features = None
        try:
            # by position: a request may hold the same customer twice, as of two cutoffs
            rows = with_ids(model_input).reset_index(drop=True)
            features = typed_features(rows, self._described())
            check_rows(features)
            assignments = self.bundle.assign(features, pd.Index(rows[c.CUSTOMER_ID]))
        except PatronageError as error:
            raise RefusedRows(str(error)) from None
        except Exception as error:  # MLflow would answer with our stack and its paths
            named = self._at_fault(features) if features is not None and len(features) <= FEW_ROWS else None
            what = f"{named}: cannot be read" if named else "these rows could not be assigned"
            raise RefusedRows(f"{what} ({type(error).__name__}); {EXPECTED}") from None
        assignments.insert(0, c.CUSTOMER_ID, rows[c.CUSTOMER_ID].to_numpy())
        return assignments

    def _at_fault(self, features: pd.DataFrame) -> str | None:
        """The column of rows that cannot be assigned."""
        return column_at_fault(features, self._described(), self.bundle.assign)

    def _described(self) -> Mapping[str, lenses.Feature]:
        return lenses.described(self.bundle.lenses, self.bundle.lens_names)


def serve() -> None:
    """Name the model of a model file."""
    mlflow.models.set_model(BundleModel())
