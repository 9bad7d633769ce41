"""Every lens on ten rows worked out by hand, and the laws that hold for all of them."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import BY_HAND, through_the_door
from patronage import lenses

pytestmark = pytest.mark.slow

CUTOFF = datetime(2024, 3, 1)


@pytest.fixture(scope="module")
def features(lens_settings):
    return lenses.features_at(through_the_door(BY_HAND), CUTOFF, lens_settings, 7)


@pytest.fixture(scope="module")
def features_of_cdnow(cdnow, lens_settings):
    return lenses.features_at(cdnow, datetime(1998, 1, 1), lens_settings, 7)


def at(tables, settings_, cutoff=CUTOFF):
    return lenses.features_at(tables, cutoff, settings_, 7)


# Ten rows by hand


def test_everyone_known_before_the_cutoff_has_a_row_and_nobody_else(features, lens_settings):
    assert features.index.tolist() == ["anna", "ben", "cleo"]
    plain = [lens.name for lens in lenses.of(lens_settings) if not lens.requires]
    assert list(features) == list(lenses.described(lens_settings, plain))


@pytest.mark.parametrize(
    ("name", "anna", "ben", "cleo"),
    [
        ("n_orders", 4, 1, 1),
        ("days_since_last_order", 20, 6, 10),
        ("revenue", 65.75, 99.99, 2.00),
        ("active_days", 4, 1, 1),
        ("tenure_days", 60, 6, 10),
        ("repeat_days_per_month", 3 * 30 / 60, 0, 0),
        ("active_days_recent", 4, 1, 1),
        ("n_gaps", 3, 0, 0),
        ("weekend_share", 1 / 4, 1, 0),  # 10 and 24 February 2024 are Saturdays
        ("occasion_share", 1 / 4, 0, 1),  # carnival: 10 to 20 February
        ("mean_gap_days", 40 / 3, math.nan, math.nan),
        ("gap_variation", np.std([10, 20, 10], ddof=1) / (40 / 3), math.nan, math.nan),
        ("lateness", 20 / (40 / 3), math.nan, math.nan),
        ("longest_gap_days", 20, math.nan, math.nan),
        ("days_since_longest_gap", 30, math.nan, math.nan),
        ("net_revenue", 65.75, 99.99, 2.00),
        ("refunds", 0, 0, 40),
        ("mean_order_value", 65.75 / 4, 99.99, 2),
        (
            "order_value_variation",
            np.std([10, 20, 30.5, 5.25], ddof=1) / 16.4375,
            math.nan,
            math.nan,
        ),
        ("frequency", 3, 0, 0),
        ("recency", 40, 0, 0),
        ("T", 59, 5, 9),
        ("monetary_value", (20 + 30.5 + 5.25) / 3, 0, 0),
    ],
)
def test_features_by_hand(features, name, anna, ben, cleo):
    assert features[name].tolist() == pytest.approx([anna, ben, cleo], rel=1e-12, nan_ok=True)


def test_the_path_has_a_character_for_every_week_since_the_first_order(features):
    # Weeks end at the cutoff. Anna's orders are 60, 50, 30 and 20 days old: 8, 7, 4 and 2 whole weeks back.
    assert features["journey_path"].tolist() == ["pp..p.p..", "p", "p."]


def test_the_day_before_the_cutoff_is_in_and_its_first_second_is_out(lens_settings):
    edge = BY_HAND.head(2).assign(ordered_at=pd.to_datetime(["2024-02-29 23:59:59", "2024-03-01 00:00:00"]))
    assert at(through_the_door(edge), lens_settings)["n_orders"].tolist() == [1]


# Segments


def test_rfm_scores_split_ties_never_and_order_right(features_of_cdnow, lens_settings):
    features = features_of_cdnow
    labels = lenses.segments(features, lenses.fit(features, lens_settings))
    labels = labels[labels["rfm_score"] != "unknown"]  # 68 customers of CDNOW took only what was free
    score = labels["rfm_score"].str[1].astype(int)
    spans = features["n_orders"].groupby(score).agg(["min", "max"])
    assert all(low["max"] < high["min"] for (_, low), (_, high) in pairwise(spans.iterrows()))
    recency = features["days_since_last_order"].groupby(labels["rfm_score"].str[0]).mean()
    assert recency.is_monotonic_decreasing


def test_a_customer_keeps_the_segments_whoever_else_is_scored(features_of_cdnow, lens_settings):
    features = features_of_cdnow
    learned = lenses.fit(features, lens_settings)
    everyone = lenses.segments(features, learned)
    few = features.sample(50, random_state=3)
    pd.testing.assert_frame_equal(lenses.segments(few, learned), everyone.loc[few.index])


def test_the_pyramid_is_cut_by_cumulative_share_of_revenue(features_of_cdnow, lens_settings):
    features = features_of_cdnow
    tiers = lenses.segments(features, lenses.fit(features, lens_settings))["value_tier"]
    share = features["net_revenue"].groupby(tiers).sum() / features["net_revenue"].sum()
    assert share["platinum"] == pytest.approx(0.5, abs=0.001)
    assert share[["platinum", "gold"]].sum() == pytest.approx(0.8, abs=0.001)
    assert share[["platinum", "gold", "iron"]].sum() == pytest.approx(0.95, abs=0.001)


def test_status_holds_the_silence_against_the_own_rhythm(lens_settings):
    rows = []
    for name, days in {
        "steady": [10, 20, 30, 40, 50],
        "late": [8, 15, 22, 29, 36],
        "gone": [1, 3, 5, 7, 9],
        "new": [57],
        "back": [1, 2, 3, 4, 58],
    }.items():
        rows += [(name, pd.Timestamp("2024-01-01") + pd.Timedelta(days=day), 5.0) for day in days]
    tables = through_the_door(pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"]))
    features = at(tables, lens_settings)
    status = lenses.segments(features, lenses.fit(features, lens_settings))["status_segment"]
    assert status.to_dict() == {
        "steady": "regular", "late": "at_risk", "gone": "defector", "new": "first_time", "back": "reactivated",
    }  # fmt: skip


def test_a_lens_without_evidence_says_unknown(features, lens_settings):
    labels = lenses.segments(features, lenses.fit(features, lens_settings))
    assert labels.loc["ben", "occasion_segment"] == "unknown"
    assert labels.notna().all(axis=None)


# The BTYD summary is the literature's


def test_the_summary_is_the_one_of_lifetimes(cdnow, features_of_cdnow):
    from lifetimes.utils import summary_data_from_transaction_data

    log = cdnow.engine.frame("SELECT * FROM transactions WHERE ordered_at < TIMESTAMP '1998-01-01'")
    theirs = summary_data_from_transaction_data(
        log.assign(amount=log["amount"] / 100),
        "customer_id",
        "ordered_at",
        monetary_value_col="amount",
        observation_period_end="1997-12-31",
    )
    ours = features_of_cdnow
    ours = ours.loc[
        ours["n_orders"] > 0, ["frequency", "recency", "T", "monetary_value"]
    ]  # lifetimes counts free orders
    pd.testing.assert_frame_equal(ours, theirs.loc[ours.index], check_names=False, check_index_type=False, rtol=1e-12)


# Laws of every lens, over generated logs

order = st.tuples(
    st.sampled_from(["ann", "ann ", "børge", "Ö", "42"]),
    st.datetimes(datetime(2023, 10, 20), datetime(2024, 6, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.one_of(st.integers(-10_000, 100_000), st.just(10**11)).map(lambda cents: cents / 100),
)
log_rows = st.lists(order, min_size=1, max_size=30).filter(
    lambda rows: any(row[2] >= 0 and row[1] < CUTOFF for row in rows)
)
generated = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tables_of(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return through_the_door(frame.astype({"ordered_at": "datetime64[us]"}), on_duplicate_rows="keep")


@generated
@given(log_rows, st.randoms())
def test_features_are_those_of_the_own_past(lens_settings, rows, random):
    """Neither the future, nor the order of the rows, nor other customers change them, and they tell one story."""
    whole = at(tables_of(rows), lens_settings)
    history = [row for row in rows if row[1] < CUTOFF]
    random.shuffle(history)
    pd.testing.assert_frame_equal(at(tables_of(history), lens_settings), whole, check_exact=True)
    future = [(who, moment, 1.0 - amount) for who, moment, amount in rows if moment >= CUTOFF]
    pd.testing.assert_frame_equal(at(tables_of(history + future), lens_settings), whole, check_exact=True)
    twins = [(who + "*", moment, amount) for who, moment, amount in rows]
    together = at(tables_of(rows + twins), lens_settings)
    pd.testing.assert_frame_equal(together.loc[whole.index], whole, check_exact=True)
    bought = whole[whole["n_orders"] > 0]
    assert (bought["journey_path"].str[0] != ".").all()
    assert (bought["journey_path"].str.len() == bought["T"] // 7 + 1).all()
    assert (bought["frequency"] == bought["active_days"] - 1).all()
    assert not whole.loc[whole["n_orders"] == 0, "journey_path"].str.contains("[pm]").any()


# Events and sign-ups


def test_acts_make_the_path_and_contacts_make_a_customer_known(lens_settings):
    events = pd.DataFrame(
        [
            ("anna", "2024-02-28", "add_to_cart"),
            ("eve", "2024-02-20", "view"),
            ("eve", "2024-02-29", "PageView"),
            ("hal", "2024-02-10", "offer_received"),
            ("late", "2024-03-01", "visit"),
        ],
        columns=["customer_id", "occurred_at", "event"],
    )
    people = pd.DataFrame({"customer_id": ["fred", "gus"], "signed_up_at": ["2024-02-10", "2024-03-01"]})
    features = at(through_the_door(BY_HAND, events, people), lens_settings)
    assert features["journey_path"].to_dict() == {
        "anna": "pp..p.p.i", "ben": "p", "cleo": "p.", "eve": "ee", "fred": "...", "hal": "...",
    }  # fmt: skip
    assert features.loc["fred", "n_orders"] == 0


def test_of_those_who_never_bought_it_counts_what_they_did(lens_settings):
    events = pd.DataFrame(
        [("tim", "2024-02-01", "trial_started"), ("vic", "2024-02-02", "view"), ("sam", "2024-02-03", "message_sent")],
        columns=["customer_id", "occurred_at", "event"],
    )
    people = pd.DataFrame({"customer_id": ["fred"], "signed_up_at": ["2024-02-10"]})
    features = at(through_the_door(BY_HAND, events, people), lens_settings)
    status = lenses.segments(features, lenses.fit(features, lens_settings))["status_segment"]
    assert status[["tim", "vic", "sam", "fred"]].tolist() == ["trial", "prospect", "non_user", "non_user"]
