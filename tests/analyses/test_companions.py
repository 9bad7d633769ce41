"""Companions by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.analyses import companions


@pytest.fixture
def bought():
    """Forty customers: tea and honey go together among the first twenty, nothing does among the others."""
    rows = []
    for number in range(40):
        items = ["bread"] if number % 2 else []
        if number < 20:
            items += ["tea", "honey"] if number < 9 else ["tea"] if number == 9 else ["jam"]
        else:
            items += ["tea"] if number % 4 < 2 else ["honey", "jam"][: number % 4 - 1]
        rows += [(f"c{number:02d}", item) for item in items]
    return pd.DataFrame(rows, columns=["customer_id", "item"])


def test_companions_are_found_inside_the_segment_where_they_are(bought):
    segment = pd.Series({f"c{number:02d}": "a" if number < 20 else "b" for number in range(40)})
    table = companions.cross_sell(bought, segment, least=5, top=3).table
    first = table[table["segment"] == "a"].iloc[0]
    assert (first["has"], first["offer"], first["buyers"], first["both"], first["candidates"]) == (
        "tea", "honey", 10, 9, 1,
    )  # fmt: skip
    # 9 of 10 tea drinkers and 9 of all 20 buy honey; five imagined customers pull the share to the segment's
    assert first["lift"] == pytest.approx((9 + 5 * 9 / 20) / 15 / (9 / 20))
    assert not ((table["segment"] == "b") & (table["has"] == "tea")).any()


def test_upsell_only_climbs_one_step_of_the_same_category():
    rows = [
        (f"c{n:02d}", "wine", level) for n in range(30) for level in ((0, 1) if n < 12 else (0,) if n < 20 else (2,))
    ]
    rows += [(f"c{n:02d}", "tea", 1) for n in range(12)]
    table = companions.upsell(
        pd.DataFrame(rows, columns=["customer_id", "item", "level"]),
        pd.Series("all", index=[f"c{n:02d}" for n in range(30)]),
        least=2,
        top=10,
    ).table
    assert list(zip(table["has"], table["offer"], strict=True)) == [("wine: low", "wine: middle")]
    assert table["candidates"].tolist() == [8]
    # 12 of the 20 who buy cheap wine buy the next third; so do 12 of all 30 who buy wine
    assert table["lift"].tolist() == pytest.approx([(12 + 5 * 12 / 30) / 25 / (12 / 30)])


def test_an_upsell_is_held_against_the_buyers_of_the_category():
    levels = [(f"w{n}", "wine", level) for n in range(20) for level in ((0, 1) if n < 10 else (0,))]
    others = [(f"t{n}", "tea", 2) for n in range(80)]  # who buy no wine at all make no lift in wine
    table = companions.upsell(
        pd.DataFrame(levels + others, columns=["customer_id", "item", "level"]),
        pd.Series("all", index=[*(f"w{n}" for n in range(20)), *(f"t{n}" for n in range(80))]),
        least=2,
        top=10,
    ).table
    assert table.empty  # half of the buyers of cheap wine, as of all buyers of wine: lift 1, not 5


def test_nothing_bought_together_gives_an_empty_table():
    bought = pd.DataFrame({"customer_id": ["a", "b"], "item": ["tea", "jam"]})
    assert companions.cross_sell(bought, pd.Series({"a": "x", "b": "x"}), least=1, top=5).table.empty


def test_pairs_that_chance_or_a_full_cupboard_brings_together_do_not_count():
    """1,500 customers who buy of few or of many categories, each by lot; only tea and honey belong together."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(1500):
        breadth = rng.choice([0.1, 0.5])
        items = [f"item {k:02d}" for k in range(20) if rng.random() < breadth]
        if rng.random() < breadth:
            items += ["tea", "honey"] if rng.random() < 0.8 else ["tea"]
        elif rng.random() < breadth / 2:
            items.append("honey")
        rows += [(f"c{number:04d}", item) for item in items]
    bought = pd.DataFrame(rows, columns=["customer_id", "item"])
    pairs = companions.cross_sell(bought, pd.Series("all", index=bought["customer_id"].unique()), least=20, top=50)
    assert {frozenset(pair) for pair in zip(pairs.table["has"], pairs.table["offer"], strict=True)} == {
        frozenset(("tea", "honey"))
    }
    assert (pairs.clear, pairs.tested) == (2, 22 * 21)
    assert (pairs.table["low"] > 1).all()
    assert np.isfinite(pairs.table["high"]).all()


def test_the_order_in_which_an_engine_gives_the_rows_changes_nothing():
    """Customers of as many categories fall into two strata: which of them do must not hang on the engine."""
    rng = np.random.default_rng(0)
    rows = [
        (f"c{number:03d}", f"item {item}")
        for number in range(600)
        for item in rng.choice(8, 1 + number % 4, replace=False)
    ]
    bought = pd.DataFrame(rows, columns=["customer_id", "item"])
    one, other = (companions._pairs(frame, 5) for frame in (bought, bought.sample(frac=1, random_state=1)))
    pd.testing.assert_frame_equal(one, other)
