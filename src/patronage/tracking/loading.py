"""The registered bundle, found by its address and read back."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from patronage import manifest
from patronage import names as c
from patronage.bundle import Bundle
from patronage.errors import FitError, TrackingError
from patronage.tracking.store import FAILURES, Store, first_line

log = logging.getLogger(__name__)

SCHEME = "models:/"
CHAMPION = "champion"  # the alias of the version that is in use
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
        registered = _find(store, address)
        with tempfile.TemporaryDirectory() as folder:
            files = model_files(store, registered, folder)
            bundle = files / "artifacts" / "bundle"
            if not bundle.is_dir():
                raise TrackingError(f"{address} holds no bundle of patronage; give a model that patronage trained")
            return Registered(
                name=registered.name,
                version=str(registered.version),
                run_id=str(registered.run_id),
                model_id=str(Model.load(files).model_id),
                bundle=Bundle.load(bundle),
                checksum=manifest.checksum(bundle),
            )
    except FAILURES as error:
        raise TrackingError(f"model={address}: {first_line(error)}; {EXPECTED}") from error


def model_files(store: Store, registered: ModelVersion, folder: str) -> Path:
    """The files of a registered version: where they lie on this machine, else a copy in `folder`."""
    source = str(registered.source)
    if source.startswith(SCHEME):
        source = str(store.client.get_logged_model(source.removeprefix(SCHEME)).artifact_location)
    return fetch(store, source, folder)


def fetch(store: Store, address: str, folder: str) -> Path:
    """A file or folder of the store: where it lies on this machine, else a copy in `folder`."""
    place = None if store.is_local else folder  # what is on this machine need not be copied
    return Path(mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=place, tracking_uri=store.uri))


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
            bundle = Bundle.load(model_files(store, version, folder) / "artifacts" / "bundle")
    except FitError as error:
        log.warning("the champion, version %s, is not carried on: %s", version.version, error)
        return None
    except (MlflowException, OSError) as error:
        raise TrackingError(
            f"the champion, version {version.version} of {store.registered_model}, cannot be read: "
            f"{first_line(error)}; give the alias {CHAMPION} to a version whose files are there, or take it away"
        ) from error
    return Champion(bundle, str(version.version), run.tags[c.CUTOFF], run.params["data"])


def _find(store: Store, address: str) -> ModelVersion:
    name, at, alias = address.removeprefix(SCHEME).partition("@")
    name, _, version = name.partition("/")
    if at:
        return store.client.get_model_version_by_alias(name or store.registered_model, alias)
    if not version.isdigit():
        raise TrackingError(f"model={address}: no version; {EXPECTED}")
    return store.client.get_model_version(name, version)
