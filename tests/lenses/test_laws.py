"""Laws of every lens at once, over generated logs with every column, every event and every kind of attribute.

Rows at or after the cutoff never matter, nor does the order of the rows, nor who else is in the log.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from conftest import through_the_door
from patronage import lenses
from patronage.data.contract import VOCABULARY

pytestmark = pytest.mark.slow

CUTOFF = datetime(2024, 3, 31)  # the day on which Europe's clocks jump, after a leap day
LINE = ("customer_id", "ordered_at", "amount", "order_id", "quantity", "discount", "coupon", "cost", "product_id",
        "category", "brand", "private_label", "channel", "device", "location")  # fmt: skip
EVENT = ("customer_id", "occurred_at", "event", "session_id", "channel", "device", "subject", "value")
TEXT = dict.fromkeys((*LINE[3:4], *LINE[6:7], *LINE[8:], *EVENT[3:7]), "str")

who = st.sampled_from(["ann", "ann ", " ann", "børge", "Ö", "42", "'; --"])
edges = [
    CUTOFF - timedelta(seconds=1),
    CUTOFF,
    datetime(2024, 2, 29, 12),
    datetime(2024, 3, 31, 2, 30),
    datetime(2023, 1, 1),
]
when = st.one_of(
    st.sampled_from(edges),
    st.datetimes(datetime(2022, 10, 1), datetime(2024, 7, 1)).map(lambda moment: moment.replace(microsecond=0)),
)
money = st.one_of(st.integers(-9_000, 90_000), st.just(10**11)).map(lambda cents: cents / 100)
positive = st.integers(0, 5_000).map(lambda cents: cents / 100)
word = st.sampled_from([None, "a", "b", "ü", "tea"])
line = st.tuples(
    who, when, money, st.sampled_from(["o1", "o2", "o3", "o4"]), st.integers(1, 9).map(float), positive, word, positive,
    st.sampled_from(["p1", "p2", "p3"]), st.sampled_from(["tea", "toys", None]), word,
    st.sampled_from([None, "true", "false"]), word, st.sampled_from([None, "mobile", "desktop"]), word,
)  # fmt: skip
event = st.tuples(
    who, when, st.sampled_from([*VOCABULARY, "Unheard"]), word, word, st.sampled_from([None, "mobile", "tablet"]),
    st.sampled_from([None, "tea", "price", "checkout"]), st.one_of(st.none(), st.integers(0, 10).map(float)),
)  # fmt: skip
logs = st.tuples(
    st.lists(line, min_size=1, max_size=20).filter(lambda rows: any(r[2] >= 0 and r[1] < CUTOFF for r in rows)),
    st.lists(event, min_size=1, max_size=25).filter(lambda rows: any(r[1] < CUTOFF for r in rows)),
)
generated = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))

PEOPLE = pd.DataFrame(
    [("ann", datetime(2023, 1, 1), "25-34", "north"), ("42", datetime(2024, 6, 1), None, "south")],
    columns=["customer_id", "signed_up_at", "age", "region"],
)


def features(lines, events, config, people=PEOPLE):
    """Order numbers are the shop's: a customer's own, or two customers would share an order."""
    orders = pd.DataFrame([(*row[:3], f"{row[0]}/{row[3]}", *row[4:]) for row in lines], columns=LINE)
    acts = pd.DataFrame(events, columns=EVENT)
    tables = through_the_door(
        orders.astype({"ordered_at": "datetime64[us]", **{name: TEXT[name] for name in TEXT if name in orders}}),
        acts.astype({"occurred_at": "datetime64[us]", "value": float, **{n: TEXT[n] for n in TEXT if n in acts}}),
        people,
        ("age", "region"),
        on_duplicate_rows="keep",
    )
    return lenses.features_at(tables, CUTOFF, config, 7)


@generated
@given(logs, st.randoms(use_true_random=False))
def test_the_future_and_the_order_of_rows_change_nothing(lens_settings, log, random):
    lines, events = log
    whole = features(lines, events, lens_settings)
    known_lines, known_events = ([row for row in rows if row[1] < CUTOFF] for rows in log)
    random.shuffle(known_lines)
    random.shuffle(known_events)
    pd.testing.assert_frame_equal(features(known_lines, known_events, lens_settings), whole, check_exact=True)
    corrupt = [(row[0], row[1], -row[2], "o9", 1.0, 0.0, "!", 9.0, *["!"] * 7) for row in lines if row[1] >= CUTOFF]
    other = [(row[0], row[1], "complaint", "!", "!", "!", "!", 0.0) for row in events if row[1] >= CUTOFF]
    corrupted = features(known_lines + corrupt, known_events + other, lens_settings)
    pd.testing.assert_frame_equal(corrupted, whole, check_exact=True)


@generated
@given(logs)
def test_a_customer_keeps_her_features_whoever_else_is_there(lens_settings, log):
    lines, events = log
    alone = features(lines, events, lens_settings)
    twins = [[(row[0] + "*", *row[1:]) for row in rows] for rows in log]
    people = pd.concat([PEOPLE, PEOPLE.assign(customer_id=PEOPLE["customer_id"] + "*")])
    together = features(lines + twins[0], events + twins[1], lens_settings, people)
    pd.testing.assert_frame_equal(together.loc[alone.index], alone, check_exact=True)
    mirrored = together.loc[alone.index + "*"].set_axis(alone.index)
    pd.testing.assert_frame_equal(mirrored, alone, check_exact=True)


@generated
@given(logs)
def test_segments_say_only_what_the_lenses_promise(lens_settings, log):
    known = features(*log, lens_settings)
    labels = lenses.segments(known, lenses.fit(known, lens_settings))
    assert labels.index.equals(known.index)
    for lens in lenses.of(lens_settings):
        for column, meanings in lens.labels.items():
            if column in labels and not any(label.startswith("<") for label in meanings):
                assert set(labels[column]) <= {*meanings, "unknown"}, column
    assert labels.notna().all(axis=None)
