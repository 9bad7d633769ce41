"""Laws of every lens, over generated logs with every column and with events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import through_the_door
from patronage import lenses
from patronage.data.contract import VOCABULARY

CUTOFF = datetime(2024, 3, 1)
KINDS = {"region": "geographic"}

who = st.sampled_from(["ann", "ann ", "børge", "42"])
moments = st.datetimes(datetime(2023, 10, 20), datetime(2024, 4, 1)).map(lambda moment: moment.replace(microsecond=0))
labels = st.one_of(st.none(), st.sampled_from(["tea", "Tea", "", "a\tb\nc", "reviews", "'"]))
line = st.fixed_dictionaries({
    "customer_id": who,
    "ordered_at": moments,
    "amount": st.one_of(st.integers(-10_000, 100_000), st.just(10**11)).map(lambda cents: cents / 100),
    "order_id": st.sampled_from("pqrst"),
    "quantity": st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 0.001, 0.333, 1.0, 1e6])),
    "discount": st.one_of(st.none(), st.integers(0, 500).map(lambda cents: cents / 100)),
    "coupon": labels, "cost": st.one_of(st.none(), st.integers(0, 500).map(float)),
    "product_id": labels, "category": labels, "private_label": labels,
})  # fmt: skip
event = st.fixed_dictionaries({
    "customer_id": who, "occurred_at": moments, "event": st.sampled_from([*VOCABULARY, "odd"]), "subject": labels,
    "value": st.one_of(st.none(), st.floats(0, 10)),
})  # fmt: skip
log_rows = st.tuples(
    st.lists(line, min_size=1, max_size=20).filter(
        lambda rows: any(row["amount"] >= 0 and row["ordered_at"] < CUTOFF for row in rows)
    ),
    st.lists(event, min_size=1, max_size=20),
)
generated = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def features(lines, events, lens_settings):
    """Of whatever stands in the rows; an order belongs to one customer."""
    orders = pd.DataFrame([{**row, "order_id": row["customer_id"] + row["order_id"]} for row in lines])
    orders = orders.astype({"ordered_at": "datetime64[us]", "quantity": float, "discount": float, "cost": float})
    acts = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event", "subject", "value"])
    acts = acts.astype({"occurred_at": "datetime64[us]", "value": float})
    texts = ["coupon", "product_id", "category", "private_label"]
    orders[texts] = orders[texts].astype("string")
    acts["subject"] = acts["subject"].astype("string")
    people = pd.DataFrame({"customer_id": ["ann", "42"], "region": ["x\ty", None]}).astype("string")
    tables = through_the_door(orders, acts, people, tuple(KINDS), on_duplicate_rows="keep")
    return lenses.features_at(replace(tables, attributes=KINDS), CUTOFF, lens_settings, 7)


@generated
@given(log_rows, st.randoms())
def test_the_future_and_the_order_of_rows_change_nothing(lens_settings, rows, random):
    lines, events = rows
    whole = features(lines, events, lens_settings)
    lines = [row for row in lines if row["ordered_at"] < CUTOFF]
    late = [{**row, "subject": "reviews", "event": "complaint"} for row in events if row["occurred_at"] >= CUTOFF]
    events = [row for row in events if row["occurred_at"] < CUTOFF] + late
    random.shuffle(lines)
    random.shuffle(events)
    pd.testing.assert_frame_equal(features(lines, events, lens_settings), whole, check_exact=True)


@generated
@given(log_rows)
def test_a_customer_keeps_her_features_and_her_segments_when_others_join(lens_settings, rows):
    alone = features(*rows, lens_settings)
    twins = [[{**row, "customer_id": row["customer_id"] + "*"} for row in part] for part in rows]
    together = features(rows[0] + twins[0], rows[1] + twins[1], lens_settings)
    pd.testing.assert_frame_equal(together.loc[alone.index].drop(columns="declared"),
                                  alone.drop(columns="declared"), check_exact=True)  # fmt: skip
    learned = lenses.learn(together, lens_settings)
    pd.testing.assert_frame_equal(lenses.segments(alone, learned), lenses.segments(together, learned).loc[alone.index])
    assert lenses.segments(alone, learned).notna().all(axis=None)
