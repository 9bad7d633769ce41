"""Customers are assigned the same in every batch: buyers, contacts, refunds only, unknown labels, nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import through_the_door
from patronage import lenses, scoring
from patronage.bundle import Bundle
from patronage.data import Tables, simulated
from patronage.jobs import compose
from patronage.lenses import Part
from patronage.models.reference import build_reference
from patronage.scoring.passes import stamped, to_arrow
from patronage.tracking.model import BundleModel
from patronage.training.fit import fit_bundle
from patronage.training.origins import split_at

pytestmark = pytest.mark.slow

CUTOFF = datetime(2023, 6, 1)
SETTINGS = [
    "data=simulated", "cutoff=2023-06-01", "horizon_days=90", "origins.most=1", "personas.k=3", "personas.bootstraps=3",
    "personas.allow_unstable=true", "churn.max_rounds=20", "churn.season=false", "journey.cadence_classes=1",
]  # fmt: skip
CONTACTS = [f"zz{number}" for number in range(3)]  # their ids sort last
REFUNDED = [f"zy{number}" for number in range(2)]


@dataclass(frozen=True, repr=False)
class Mixed:
    bundle: Bundle
    tables: Tables
    features: pd.DataFrame  # every kind of customer
    whole: pd.DataFrame  # what the bundle assigns to all of them at once


@pytest.fixture(scope="module")
def mixed() -> Mixed:
    made = simulated.simulate(260, 0, messages_per_year=2)
    first = made.customers.iloc[0]
    contacts = pd.DataFrame([first.to_dict() | {"customer_id": name} for name in [*CONTACTS, *REFUNDED]])
    refunds = pd.DataFrame(
        {"customer_id": REFUNDED, "ordered_at": pd.Timestamp("2023-03-01"), "amount": -5.0, "order_id": REFUNDED}
    )
    refunds = refunds.astype({"ordered_at": made.transactions["ordered_at"].dtype})
    transactions = pd.concat([made.transactions, refunds])
    customers = pd.concat([made.customers, contacts])
    tables = through_the_door(transactions, made.events, customers, on_duplicate_rows="keep")
    config = compose.settings("train", SETTINGS)
    split = split_at(tables, CUTOFF, config)
    bundle = fit_bundle(split, config, left_censored=False)
    features = split.current.features
    unknown = features.iloc[:3].copy().set_axis(["x0", "x1", "x2"])
    unknown[["main_channel", "acquired_by"]] = "never heard of"
    features = pd.concat([features, unknown])
    whole = bundle.assign(features)
    return Mixed(
        replace(bundle, reference=build_reference(features.join(whole), tables.present, {})), tables, features, whole
    )


def test_every_kind_of_customer_is_there(mixed):
    orders = mixed.features["n_orders"]
    assert (orders > 0).sum() > 100
    assert {*CONTACTS, *REFUNDED} <= set(orders[orders == 0].index)
    assert mixed.whole.loc[CONTACTS, "flags"].str.contains("never bought").all()


def batches():
    """Positions: any mixture, and often none of the buyers, one customer or nobody."""
    return st.lists(st.integers(0, 10_000), max_size=12)


def positions(mixed: Mixed, numbers: list[int], kind: str) -> np.ndarray:
    bought = (mixed.features["n_orders"] > 0).to_numpy()
    pool = {"any": np.arange(len(bought)), "buyers": np.flatnonzero(bought), "others": np.flatnonzero(~bought)}[kind]
    return pool[[number % len(pool) for number in dict.fromkeys(numbers)]]


any_batch = given(numbers=batches(), kind=st.sampled_from(["any", "buyers", "others"]))
many = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_rows_of_the_whole(assignments: pd.DataFrame, whole: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(assignments, whole, rtol=1e-12, atol=1e-12)


@any_batch
@many
def test_the_bundle(mixed, numbers, kind):
    rows = positions(mixed, numbers, kind)
    assert_rows_of_the_whole(mixed.bundle.assign(mixed.features.iloc[rows]), mixed.whole.iloc[rows])


@any_batch
@many
def test_the_model_that_mlflow_serves(mixed, numbers, kind):
    rows = positions(mixed, numbers, kind)
    model = BundleModel()
    model.bundle = mixed.bundle
    batch = mixed.features.iloc[rows].rename_axis("customer_id").reset_index()
    assignments = model.predict(None, batch).set_index("customer_id")
    expected = mixed.whole.iloc[rows].rename_axis("customer_id")
    pd.testing.assert_frame_equal(assignments, expected, rtol=1e-12, atol=1e-12, check_index_type=False)


@any_batch
@many
def test_the_rows_of_the_output_have_one_schema(mixed, numbers, kind):
    rows = positions(mixed, numbers, kind)
    schema = to_arrow(stamped(mixed.whole.rename_axis("customer_id"), CUTOFF, {"run_id": "r"})).schema
    batch = mixed.bundle.assign(mixed.features.iloc[rows]).rename_axis("customer_id")
    assert to_arrow(stamped(batch, CUTOFF, {"run_id": "r"})).schema == schema


@any_batch
@many
def test_what_drift_counts_adds_up(mixed, numbers, kind):
    rows = positions(mixed, numbers, kind)
    batch, reference = mixed.features.iloc[rows], mixed.bundle.reference
    counts = reference.count(batch) | reference.count(mixed.bundle.assign(batch))
    assert {name: bins.sum() for name, bins in counts.items()} == dict.fromkeys(reference.columns, len(rows))


def score_parts(mixed, folder, parts: list[Part]) -> list[pd.DataFrame]:
    """What some passes of a job write; a pass without customers writes nothing."""
    work = scoring.begin(folder, {})
    for part in parts:
        scoring.score_part(work, mixed.bundle, mixed.tables, CUTOFF, part, {"run_id": "r"})
    return [pd.read_parquet(path).set_index("customer_id").drop(columns=["cutoff", "run_id"]) for path in work.files]


def assert_as_assigned_together(assignments: pd.DataFrame, mixed: Mixed) -> None:
    expected = mixed.whole.loc[assignments.index]
    pd.testing.assert_frame_equal(assignments, expected, rtol=1e-12, atol=1e-12, check_dtype=False, check_names=False)


@pytest.mark.parametrize("passes", [1, 3])
def test_the_passes_of_a_job(mixed, tmp_path, passes):
    whole = pd.concat(score_parts(mixed, tmp_path, [Part(number, passes) for number in range(passes)]))
    assert_as_assigned_together(whole, mixed)
    assert len(whole) == len(mixed.whole) - 3  # those with unknown labels are not in the log


def test_of_200_passes_one_holds_nobody_and_one_only_contacts(mixed, tmp_path):
    names = ", ".join(f"('{name}')" for name in mixed.whole.index if not name.startswith("x"))
    bucket = mixed.tables.engine.bucket("name", 200)
    rows = mixed.tables.engine.frame(f"SELECT name, {bucket} AS part FROM (VALUES {names}) t(name)")
    never_bought = mixed.whole["churn_probability"].isna()
    without_buyers = never_bought[rows["name"]].groupby(rows["part"].to_numpy()).all()
    nobody = min(set(range(200)) - set(rows["part"]))
    contacts, buyers = without_buyers.idxmax(), without_buyers.idxmin()
    written = score_parts(mixed, tmp_path, [Part(int(number), 200) for number in (nobody, contacts, buyers)])
    assert sorted(bool(frame["churn_probability"].isna().all()) for frame in written) == [False, True]
    assert_as_assigned_together(pd.concat(written), mixed)


def test_the_features_of_nobody(mixed):
    features = lenses.features_at(mixed.tables, datetime(2010, 1, 1), mixed.bundle.lenses, 7, mixed.bundle.lens_names)
    assert len(mixed.bundle.assign(features)) == len(features)
