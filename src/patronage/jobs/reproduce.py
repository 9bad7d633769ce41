"""`patronage reproduce`: train a run again from its own artifacts, and tell whether it holds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import data, journal, temporary, tracking
from patronage import names as c
from patronage.config import ReproduceConfig, TrainConfig, typed
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.decisions.contact_state import contact_state
from patronage.decisions.next_action import agreeing, next_actions
from patronage.engine import connect
from patronage.errors import ConfigError, DataError, GateError
from patronage.masking import MASK
from patronage.models.btyd.fit import FitCache
from patronage.models.personas import PersonaModel
from patronage.names import Tag
from patronage.review.training_run import TrainingRun
from patronage.training.fit import fit_bundle
from patronage.training.origins import split_at


def run(config: ReproduceConfig) -> None:
    """Fit and assign as the run did, and hold every value against what it logged; nothing is logged.

    Raises
    ------
    DataError
        The data is not what the run read.
    GateError
        A value differs.
    """
    store = tracking.find_store(config.tracking, project_root())
    logged = tracking.read_run(store, config.run)
    text = tracking.config_of(store, logged.run_id)
    if MASK in text:
        raise ConfigError(f"run {logged.run_id}: a password of its configuration was masked; it cannot be read again")
    settings = typed(TrainConfig, OmegaConf.create(yaml.safe_load(text)))
    print(f"{logged.name} ({logged.run_id}), as of {logged.cutoff}")
    with closing(connect(settings.engine)) as engine:
        tables = data.load(engine, settings.data, own_label=settings.lenses.purchase.own_label)
        _check_data(tables, logged)
        features, assignments = _again(tables, settings, _former(store, logged))
    differences = _differences(logged.features, features) + _differences(logged.assignments, assignments)
    if differences:
        raise GateError(f"run {logged.run_id} does not hold: {'; '.join(differences[:5])}{_versions(logged)}")
    print(f"it holds     {len(features):,} customers: every feature and every assignment is the same, bit for bit")


def _check_data(tables: Tables, logged: TrainingRun) -> None:
    then = logged.data.get("fingerprint")
    if then != tables.fingerprint:
        raise DataError(
            f"run {logged.run_id}: the data is not what the run read (fingerprint {then} then, {tables.fingerprint} "
            f"now; {tables.summary().splitlines()[0]}); bring the data of then back"
        )


def _again(tables: Tables, settings: TrainConfig, former: PersonaModel | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and assignments, as `patronage train` makes them."""
    journal.step("features at the cutoff and at earlier origins")
    split = split_at(tables, when.parse(settings.cutoff), settings)
    journal.step("fitting")
    fits = FitCache()
    bundle = fit_bundle(split, settings, left_censored=tables.left_censored, former=former, fits=fits)
    features = split.current.features
    assigned = bundle.assign(features)
    actions = next_actions(assigned, contact_state(tables, split.current.cutoff, bundle.actions.days), bundle.actions)
    return features, agreeing(assigned, actions.frame)  # messages and carts of the log decide, too


def _former(store: tracking.Store, logged: TrainingRun) -> PersonaModel | None:
    """The personas that the run carried on."""
    version = logged.tags.get(Tag.PERSONAS_FORMER, "").partition("carried on from the champion, version ")[2]
    if not version:
        return None
    return tracking.load_registered(store, f"models:/{logged.registered_model}/{version}").bundle.personas


def _differences(then: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """The columns that differ, with the number of customers; compared as they lie on disk."""
    with temporary.folder() as folder:
        tables = [_on_disk(frame[[*now]] if set(now) <= set(frame) else frame, folder) for frame in (then, now)]
    if tables[0].column_names != tables[1].column_names:
        gone = sorted(set(tables[0].column_names) ^ set(tables[1].column_names))
        return [f"columns {', '.join(gone[:5])} are in one of both"]
    if not tables[0][c.CUSTOMER_ID].equals(tables[1][c.CUSTOMER_ID]):
        return [f"{len(then):,} customers then, {len(now):,} now, or others"]
    differ = []
    for name in tables[0].column_names:
        before, after = (table[name].to_pandas() for table in tables)
        unequal = int((before.ne(after) & ~(before.isna() & after.isna())).sum())
        if unequal:
            differ.append(f"{name} of {unequal:,} of {len(now):,} customers")
    return differ


def _on_disk(frame: pd.DataFrame, folder: Path) -> pa.Table:
    words = {name: "str" for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)}
    # the index as it is: to make it a column pandas warns of the many parts that a wide frame has
    frame.astype(words).rename_axis(c.CUSTOMER_ID).to_parquet(folder / "frame.parquet", index=True)
    return pq.read_table(folder / "frame.parquet")


def _versions(logged: TrainingRun) -> str:
    then, now = logged.tags.get(Tag.VERSIONS, "unknown"), tracking.versions()
    return "" if then == now else f" (versions then: {then}; now: {now})"
