"""Laws of every lens, over generated logs with events: the past alone counts, and the order of its rows does not."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import through_the_door
from patronage import lenses
from patronage.data.contract import VOCABULARY

CUTOFF = datetime(2024, 3, 1)
people = st.sampled_from(["ann", "ann ", "børge", "Ö"])
moments = st.datetimes(datetime(2023, 8, 1), datetime(2024, 5, 1)).map(lambda moment: moment.replace(microsecond=0))
orders = st.lists(
    st.tuples(
        people,
        moments,
        st.integers(-5_000, 50_000).map(lambda cents: cents / 100),
        st.sampled_from(["books", "toys", None]),
        st.sampled_from(["web", "store", None]),
        st.sampled_from(["mobile", "desktop", None]),
    ),
    min_size=1,
    max_size=20,
).filter(lambda rows: any(row[2] >= 0 and row[1] < CUTOFF for row in rows))
acts = st.lists(
    st.tuples(
        people,
        moments,
        st.sampled_from([*VOCABULARY, "PageView"]),
        st.sampled_from(["app", "email", None]),
        st.sampled_from(["tablet", "mobile", None]),
        st.sampled_from(["delivery", "books", "recipes", None]),
        st.one_of(st.none(), st.floats(-1, 12).map(lambda value: round(value, 3))),
    ),
    min_size=1,
    max_size=40,
)
generated = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def features_of(settings_, bought, acted):
    log = pd.DataFrame(bought, columns=["customer_id", "ordered_at", "amount", "category", "channel", "device"])
    events = pd.DataFrame(
        acted, columns=["customer_id", "occurred_at", "event", "channel", "device", "subject", "value"]
    )
    texts = dict.fromkeys(["category", "channel", "device"], "str")
    tables = through_the_door(
        log.astype(texts | {"ordered_at": "datetime64[us]"}),
        events.astype(
            dict.fromkeys(["channel", "device", "subject"], "str")
            | {"occurred_at": "datetime64[us]", "value": "float64"}
        ),
        on_duplicate_rows="keep",
    )
    return lenses.features_at(tables, CUTOFF, settings_, 7)


@generated
@given(orders, acts, st.randoms())
def test_neither_the_future_nor_the_order_of_rows_counts(lens_settings, bought, acted, random):
    whole = features_of(lens_settings, bought, acted)
    past = [[row for row in rows if row[1] < CUTOFF] for rows in (bought, acted)]
    for rows in past:
        random.shuffle(rows)
    future = [(who, moment, 1.0, *rest) for who, moment, _, *rest in bought if moment >= CUTOFF]
    later = [(who, moment, "rating", *rest) for who, moment, _, *rest in acted if moment >= CUTOFF]
    again = features_of(lens_settings, past[0] + future, past[1] + later + [("late", CUTOFF, "visit", *[None] * 4)])
    pd.testing.assert_frame_equal(again, whole, check_exact=True)


@generated
@given(orders, acts)
def test_who_else_is_in_the_log_changes_nobody_and_every_answer_is_given(lens_settings, bought, acted):
    alone = features_of(lens_settings, bought, acted)
    twins = [[(row[0] + "*", *row[1:]) for row in rows] for rows in (bought, acted)]
    together = features_of(lens_settings, bought + twins[0], acted + twins[1])
    pd.testing.assert_frame_equal(together.loc[alone.index], alone, check_exact=True)
    learned = lenses.learn(together, lens_settings)
    labels = lenses.segments(alone, learned)
    pd.testing.assert_frame_equal(lenses.segments(together, learned).loc[alone.index], labels)
    assert labels.drop(columns="expected_next_order_days").notna().all(axis=None)
    assert labels.loc[alone["n_orders"] > 0, "expected_next_order_days"].ge(0).all()
