"""Runs read back: by id, by name, or by an alias or version of the registered model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pandas as pd
import pyarrow.parquet as pq
from mlflow.entities import Run, RunStatus, ViewType
from mlflow.exceptions import MlflowException
from omegaconf import OmegaConf

from patronage import names as c
from patronage import temporary
from patronage.bundle import Bundle
from patronage.errors import TrackingError
from patronage.names import Artifact, Tag
from patronage.review.training_run import TrainingRun
from patronage.tracking.dataset import CONTEXT, HOLDOUT
from patronage.tracking.links import run_page
from patronage.tracking.loading import fetch
from patronage.tracking.model import model_of_run
from patronage.tracking.refusals import first_line
from patronage.tracking.registry import only_model
from patronage.tracking.store import LOCAL, Store, model_of, plain_errors

RUN_ID = re.compile(r"[0-9a-f]{32}")
TRAINED = "tags.kind = 'train' and attributes.status = 'FINISHED'"
REFERENCES = "a run id, a run's name, @champion or models:/NAME@ALIAS"


def find_run(store: Store, reference: str) -> str:
    """The id of the training run that is meant.

    Parameters
    ----------
    reference
        A run id, the name of a run in any experiment, `@champion`, `models:/patronage@champion` or
        `models:/patronage/3`.

    Raises
    ------
    TrackingError
        There is none, or several have the name; the message says which there are.
    """
    with plain_errors(store):
        if reference.startswith(("@", "models:/")):
            return _registered(store, reference)
        if RUN_ID.fullmatch(reference):
            return _checked(store.client.get_run(reference)).info.run_id
        return _named(store, reference)


def read_run(store: Store, reference: str) -> TrainingRun:
    """A training run with everything that it logged.

    Raises
    ------
    TrackingError
        There is no such run, or it lacks what a reviewer needs.
    """
    run_id = find_run(store, reference)
    with plain_errors(store), temporary.folder() as folder:
        client = store.client
        run = client.get_run(run_id)
        logged = {file.path for file in client.list_artifacts(run_id)}
        if lacking := sorted({Artifact.ASSIGNMENTS, Artifact.FEATURES, Artifact.CONFIG} - logged):
            raise TrackingError(f"run {run_id} has no {', '.join(lacking)}; train it again with this version")
        versions = client.search_model_versions(f"run_id = '{run_id}'")
        version = versions[0] if versions else None

        def path(name: str) -> Path:
            return fetch(store, f"{run.info.artifact_uri}/{name}", folder)

        return TrainingRun(
            run_id=run_id,
            name=run.info.run_name,
            experiment_id=run.info.experiment_id,
            link=run_page(store, run.info.experiment_id, run_id),
            config=_flat(OmegaConf.to_container(OmegaConf.load(path(Artifact.CONFIG)))),
            params=run.data.params,
            metrics=run.data.metrics | (_all_metrics(path(Artifact.METRICS)) if Artifact.METRICS in logged else {}),
            tags=run.data.tags,
            data=_data(run),
            registered_model=version.name if version else model_of(run.data.params["data"]),
            model_version=str(version.version) if version else "",
            bundle=Bundle.load(_bundle_of(store, run, folder)),
            assignments=_frame(path(Artifact.ASSIGNMENTS), labels=True),
            features=_frame(path(Artifact.FEATURES)),
            evaluation=_frame(path(Artifact.EVALUATION)) if Artifact.EVALUATION in logged else None,
        )


def table_of(store: Store, reference: str, artifact: str) -> pd.DataFrame:
    """A table by customer that a training run logged.

    Raises
    ------
    TrackingError
        There is no such run, or it has no such table.
    """
    run_id = find_run(store, reference)
    with plain_errors(store), temporary.folder() as folder:
        if artifact not in {file.path for file in store.client.list_artifacts(run_id)}:
            raise TrackingError(f"run {run_id} has no {artifact}; give the file, or a run that has it")
        return _frame(fetch(store, f"{store.client.get_run(run_id).info.artifact_uri}/{artifact}", folder))


def config_of(store: Store, run_id: str) -> str:
    """The configuration that a run logged, as YAML."""
    with plain_errors(store), temporary.folder() as folder:
        uri = store.client.get_run(run_id).info.artifact_uri
        return fetch(store, f"{uri}/{Artifact.CONFIG}", folder).read_text()


def folders_without_run(store: Store) -> list[Path]:
    """The artifact folders of a local store that no run and no model of its database has."""
    database = Path(store.uri.removeprefix(LOCAL))
    if not store.is_local or store.copy_of or len(list(database.parent.glob("*.db"))) > 1:
        return []  # two databases in one folder share the folder of their artifacts
    known = set()
    for experiment in store.client.search_experiments(view_type=ViewType.ALL):
        place = unquote(urlparse(experiment.artifact_location).path)
        runs = _pages(store.client.search_runs, [experiment.experiment_id], run_view_type=ViewType.ALL)
        models = _pages(store.client.search_logged_models, [experiment.experiment_id])
        known |= {Path(place, run.info.run_id) for run in runs}
        known |= {Path(place, "models", model.model_id) for model in models}
    roots = {path.parent for path in known}
    return [
        path for root in sorted(roots) if root.is_dir() for path in sorted(root.iterdir()) if _is_orphan(path, known)
    ]


def _is_orphan(path: Path, known: set[Path]) -> bool:
    return path.is_dir() and path not in known and bool(RUN_ID.fullmatch(path.name.removeprefix("m-")))


def _pages(search: Callable[..., Any], *arguments: Any, **named: Any) -> Iterator[Any]:
    """All that a search gives, page by page."""
    token = None
    while True:
        page = search(
            *arguments, **named, max_results=1000 if search.__name__ == "search_runs" else 50, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _bundle_of(store: Store, run: Run, folder: str | Path) -> Path:
    """The files of the model that a run made, registered or not."""
    model = store.client.get_logged_model(model_of_run(run))
    return fetch(store, str(model.artifact_location), folder) / "artifacts" / "bundle"


def _all_metrics(path: Path) -> dict[str, float]:
    """Every metric of a run, of which MLflow shows only those that a reviewer reads first."""
    table = json.loads(path.read_text())
    rows = pd.DataFrame(table["data"], columns=table["columns"])
    return dict(zip(rows["metric"], rows["value"].astype(float), strict=True))


def _data(run: Run) -> dict[str, str]:
    """The fingerprint and the tags of the data that a run read."""
    data: dict[str, str] = {}
    for each in run.inputs.dataset_inputs if run.inputs else []:
        if any(tag.key == CONTEXT and tag.value == HOLDOUT for tag in each.tags):
            continue
        data |= {"fingerprint": each.dataset.digest, **{tag.key: tag.value for tag in each.tags}}
    return data


def _registered(store: Store, reference: str) -> str:
    name, _, rest = reference.removeprefix("models:/").partition("@")
    name, _, number = name.partition("/")
    client = store.client
    name = name or store.registered_model or only_model(store)
    try:
        if rest:
            return str(client.get_model_version_by_alias(name, rest).run_id)
        return str(client.get_model_version(name, number).run_id)
    except MlflowException as error:
        raise TrackingError(f"{reference}: {first_line(error)}; expected {REFERENCES}") from error


def _checked(run: Run) -> Run:
    kind, status = run.data.tags.get(Tag.KIND), run.info.status
    if kind != "train" or status != RunStatus.to_string(RunStatus.FINISHED):
        raise TrackingError(f"run {run.info.run_id} is of kind {kind} and {status}; expected a finished train run")
    return run


def _named(store: Store, name: str) -> str:
    client = store.client
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, TRAINED, max_results=1000, order_by=["attributes.start_time DESC"])
    ids = [run.info.run_id for run in runs if run.info.run_name == name]
    if len(ids) > 1:
        raise TrackingError(f"{len(ids)} training runs are called {name}: {', '.join(ids[:5])}; give the id of one")
    if not ids:
        latest = ", ".join(f"{run.info.run_name} ({run.info.run_id})" for run in runs[:5]) or "none: train one"
        raise TrackingError(f"no training run is called {name}; expected {REFERENCES}; the latest are {latest}")
    return ids[0]


def _flat(config: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(config, dict):
        return {prefix: config}
    return {key: value for name, inner in config.items() for key, value in _flat(inner, _dotted(prefix, name)).items()}


def _dotted(prefix: str, name: object) -> str:
    return f"{prefix}.{name}" if prefix else str(name)


def _frame(path: Path, *, labels: bool = False) -> pd.DataFrame:
    """A table by customer; labels as categories, for a million rows of the same few words."""
    texts = [field.name for field in pq.read_schema(path) if str(field.type) in ("string", "large_string")]
    words = [name for name in texts if name != c.CUSTOMER_ID] if labels else []
    table = pq.read_table(path, read_dictionary=words)
    return table.to_pandas(split_blocks=True, self_destruct=True).set_index(c.CUSTOMER_ID)
