"""The registered bundle, found by its address and read back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from patronage import cutoff as when
from patronage import manifest, temporary
from patronage import names as c
from patronage.bundle import Bundle
from patronage.errors import FitError, TrackingError
from patronage.names import Tag
from patronage.tracking.refusals import FAILURES, first_line, is_absent, refused, understood
from patronage.tracking.store import Store

log = logging.getLogger(__name__)

SCHEME = "models:/"
CHAMPION = "champion"  # the alias of the version that is in use
AS_OF = "as_of"
EXPECTED = "expected models:/NAME@ALIAS, models:/NAME/VERSION or as_of, such as models:/patronage-shop@champion"


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
    cutoff, data
        As of which it was trained, and on which log, by its name; empty where its run is gone.
    """

    name: str
    version: str
    run_id: str
    model_id: str
    bundle: Bundle
    checksum: str
    cutoff: str
    data: str

    @property
    def uri(self) -> str:
        """Its address by number: an alias may move."""
        return f"{SCHEME}{self.name}/{self.version}"


def load_registered(store: Store, address: str, cutoff: datetime | None = None) -> Registered:
    """The bundle behind `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or a bare `@ALIAS` of the store's own model.

    Parameters
    ----------
    cutoff
        With the address `as_of`: the champion of that day, which is the one that was trained last before it.

    Raises
    ------
    TrackingError
        There is no such model, or the store cannot give its files.
    FitError
        A file of the bundle was changed since it was saved.
    """
    try:
        registered = _find_as_of(store, cutoff) if address == AS_OF and cutoff else _find(store, address)
        with temporary.folder() as folder:
            files = model_files(store, registered, folder)
            bundle = files / "artifacts" / "bundle"
            if not bundle.is_dir():
                raise TrackingError(f"{address} holds no bundle of patronage; give a model that patronage trained")
            trained, log_name = _origin_of(store, registered)
            return Registered(
                name=registered.name,
                version=str(registered.version),
                run_id=str(registered.run_id),
                model_id=str(Model.load(files).model_id),
                bundle=Bundle.load(bundle),
                checksum=manifest.checksum(bundle),
                cutoff=trained,
                data=log_name,
            )
    except FAILURES as error:
        if is_absent(error):
            raise TrackingError(f"model={address}: {first_line(error)}; {EXPECTED}") from error
        raise refused(f"model={address}: the MLflow store {store.shown}", error) from error


def model_files(store: Store, registered: ModelVersion, folder: str | Path) -> Path:
    """The files of a registered version: where they lie on this machine, else a copy in `folder`."""
    source = str(registered.source)
    if source.startswith(SCHEME):
        source = str(store.client.get_logged_model(source.removeprefix(SCHEME)).artifact_location)
    return fetch(store, source, folder)


def fetch(store: Store, address: str, folder: str | Path) -> Path:
    """A file or folder of the store: where it lies on this machine, else a copy in `folder`."""
    place = None if store.is_local else str(folder)  # what is on this machine need not be copied
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
    except FAILURES as error:
        if is_absent(error):  # no such model, or no version has the alias
            return None
        raise refused(f"the MLflow store {store.shown}", error) from error
    try:
        run = store.client.get_run(str(version.run_id)).data
        with temporary.folder() as folder:
            bundle = Bundle.load(model_files(store, version, folder) / "artifacts" / "bundle")
    except FitError as error:
        log.warning("the champion, version %s, is not carried on: %s", version.version, error)
        return None
    except FAILURES as error:
        if understood(error)[0].retry:
            raise refused(f"the MLflow store {store.shown}", error) from error
        raise TrackingError(
            f"the champion, version {version.version} of {store.registered_model}, cannot be read: "
            f"{first_line(error)}; give the alias {CHAMPION} to a version whose files are there, or take it away"
        ) from error
    return Champion(bundle, str(version.version), run.tags[c.CUTOFF], run.params["data"])


def _origin_of(store: Store, version: ModelVersion) -> tuple[str, str]:
    """As of which cutoff a version was trained, and on which log."""
    try:
        run = store.client.get_run(str(version.run_id)).data
    except MlflowException as error:
        if is_absent(error):
            return "", ""
        raise
    return run.tags.get(c.CUTOFF, ""), run.params.get("data", "")


def _find_as_of(store: Store, cutoff: datetime) -> ModelVersion:
    """Of all that ever were the champion, and were not rolled back, the one that was trained last before the cutoff."""
    name = store.registered_model
    versions = {str(version.version): version for version in store.client.search_model_versions(f"name = '{name}'")}
    now = store.client.get_registered_model(name).aliases.get(CHAMPION)
    past = []
    for number, version in versions.items():
        rolled_back = version.tags.get(Tag.PROMOTION, "").startswith("rolled back")
        reigned = str(now) == number or (Tag.before(CHAMPION) in version.tags and not rolled_back)
        trained = _origin_of(store, version)[0] if reigned else ""
        if trained and when.is_past(when.parse(trained), cutoff):
            past.append((trained, int(number)))
    if not past:
        raise TrackingError(
            f"model={AS_OF}: no champion of {name} was trained by {cutoff:%Y-%m-%d}; give a later cutoff, or train and "
            "promote a model as of an earlier one"
        )
    return versions[str(max(past)[1])]


def _find(store: Store, address: str) -> ModelVersion:
    name, at, alias = address.removeprefix(SCHEME).partition("@")
    name, _, version = name.partition("/")
    if at:
        return store.client.get_model_version_by_alias(name or store.registered_model, alias)
    if not version.isdigit():
        raise TrackingError(f"model={address}: no version; {EXPECTED}")
    return store.client.get_model_version(name, version)
