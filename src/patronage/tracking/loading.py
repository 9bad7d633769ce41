"""The registered bundle, found by its address and read back."""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from patronage import manifest
from patronage.bundle import Bundle
from patronage.errors import TrackingError
from patronage.tracking.store import Store, first_line

SCHEME = "models:/"
EXPECTED = "expected models:/NAME@ALIAS or models:/NAME/VERSION, such as models:/patronage@champion"


@dataclass(frozen=True)
class Registered:
    """A version of a registered model.

    Attributes
    ----------
    run_id
        The training run that made it.
    model_id
        MLflow's logged model.
    checksum
        Of the note of the checksums of its files.
    """

    name: str
    version: str
    run_id: str
    model_id: str
    bundle: Bundle
    checksum: str

    @property
    def uri(self) -> str:
        """Its address by number: an alias may move."""
        return f"{SCHEME}{self.name}/{self.version}"


def load_registered(store: Store, address: str) -> Registered:
    """The bundle behind `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or a bare `@ALIAS` of the store's own model.

    Raises
    ------
    TrackingError
        There is no such model, or the store cannot give its files.
    FitError
        A file of the bundle was changed since it was saved.
    """
    try:
        found = _find(store, address)
        with tempfile.TemporaryDirectory() as folder:
            place = None if store.is_local else folder  # what lies on this machine need not be copied
            files = Path(mlflow.artifacts.download_artifacts(f"{SCHEME}{found.name}/{found.version}", dst_path=place))
            bundle = files / "artifacts" / "bundle"
            if not bundle.is_dir():
                raise TrackingError(f"{address} holds no bundle of patronage; give a model that patronage trained")
            return Registered(
                name=found.name,
                version=str(found.version),
                run_id=str(found.run_id),
                model_id=str(found.source).removeprefix(SCHEME),
                bundle=Bundle.load(bundle),
                checksum=manifest.checksum(bundle),
            )
    except (MlflowException, OSError, sqlite3.Error) as error:
        raise TrackingError(f"model={address}: {first_line(error)}; {EXPECTED}") from error


def _find(store: Store, address: str) -> ModelVersion:
    name, at, alias = address.removeprefix(SCHEME).partition("@")
    name, _, version = name.partition("/")
    if at:
        return store.client.get_model_version_by_alias(name or store.registered_model, alias)
    if not version.isdigit():
        raise TrackingError(f"model={address}: no version; {EXPECTED}")
    return store.client.get_model_version(name, version)
