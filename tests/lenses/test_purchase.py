"""Purchase: behaviours by hand, types by their behaviours, and the planted types recovered."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.errors import ConfigError
from patronage.lenses import prices, scores

pytestmark = pytest.mark.slow

TYPES = ("price_sensitive", "smart_shopper", "risk_averse", "persuadable", "needs_proof", "procrastinator")


@pytest.mark.parametrize(
    ("name", "anna", "ben"),
    [
        ("basket_size", 4 / 3, 1),
        ("basket_variation", np.std([2, 1, 1], ddof=1) / (4 / 3), math.nan),
        ("discount_share", 4 / 40, 0),
        ("coupon_share", 1 / 3, 0),
        ("own_label_share", 2 / 4, 1),
        ("return_share", 1 / 5, 0),
        # Of three teas two are alike: 2 of 6 ordered pairs; one soap stands, which cannot repeat.
        ("product_novelty", 1 - 2 / 6, math.nan),
        ("browse_days", (4 + 0) / 2, math.nan),
        ("looks_per_order", 1, math.nan),
        ("proofs_per_order", 1 / 3, math.nan),
        ("abandoned_carts", 1 / 3, math.nan),
        ("offer_response", 1 / 2, math.nan),
    ],
)
def test_behaviours_by_hand(rich_features, name, anna, ben):
    found = rich_features[name].tolist()
    assert found == pytest.approx([anna, ben], rel=1e-3 if name == "product_novelty" else 1e-12, nan_ok=True)


def test_the_prices_of_a_shelf_are_list_prices_per_unit(rich_features):
    # tea: (30 paid + 2 off) / 6 units; soap: (6 + 2) / 1, without the one sent back;
    # in thousandths of ten-thousandths
    assert rich_features["shelf_prices"].to_dict() == {
        "anna": "53333333\t3\ttea\n80000000\t1\tsoap\n", "ben": "50000000\t1\ttea\n",
    }  # fmt: skip


def test_prices_stay_readable_whatever_stands_in_the_log(rich, lens_settings):
    odd = rich.lines.head(2).assign(category="a\tb\nc", amount=9e9, quantity=[0.001, 0.0])
    tables = through_the_door(odd, on_duplicate_rows="keep")
    found = lenses.features_at(tables, datetime(2024, 3, 1), lens_settings, 7)
    assert found.loc["anna", "shelf_prices"] == "1000000000000000000\t2\ta b c\n"
    assert lenses.segments(found, lenses.fit(found, lens_settings)).notna().all(axis=None)


def test_the_price_tier_is_held_against_the_frozen_level_of_the_category():
    texts = pd.Series([f"{price}\t1\ttea\n" for price in (100, 200, 400, 800, 1600)] + ["800\t3\ttea\n9\t1\tgin\n", ""])
    levels = prices.price_levels(texts[:5])
    assert levels == {"tea": pytest.approx(math.log(400))}
    tier = prices.price_tier(pd.DataFrame({"shelf_prices": texts}), levels)
    assert tier.tolist() == pytest.approx([math.log(p / 400) for p in (100, 200, 400, 800, 1600, 800)] + [math.nan],
                                          nan_ok=True)  # fmt: skip


def test_too_few_orders_leave_the_type_unknown(rich_features, lens_settings):
    labels = lenses.segments(rich_features, lenses.fit(rich_features, lens_settings))
    assert labels.loc["ben", ["purchase_segment", "benefit_segment"]].tolist() == ["unknown", "unknown"]


def test_a_weight_of_no_behaviour_is_refused():
    with pytest.raises(ConfigError, match="lenses.purchase.types: no behaviour mood; expected coupon_share"):
        scores.fit(pd.DataFrame({"coupon_share": [0.0, 1.0]}), {"odd": {"mood": 1.0}},
                                   "lenses.purchase.types")  # fmt: skip


def test_a_type_whose_behaviours_the_data_does_not_show_is_nobodys():
    behaviours = pd.DataFrame({"coupon_share": [0.0, 0.5, 1.0], "looks_per_order": [0.0, 0.0, 0.0]})
    weights = {"smart": {"coupon_share": 1.0}, "proof": {"looks_per_order": 1.0, "coupon_share": 0.1}}
    fitted = scores.fit(behaviours, weights, "")
    assert list(fitted.types) == ["smart"]
    enough = pd.Series([True, True, False])
    assert scores.best(scores.score(behaviours, fitted), enough).tolist() == ["smart", "smart", "unknown"]


# The planted types


def naive(features: pd.DataFrame) -> pd.Series:
    """One behaviour a type: who ranks highest in it."""
    signs = {
        "price_sensitive": features["own_label_share"], "smart_shopper": features["coupon_share"],
        "risk_averse": -features["product_novelty"], "persuadable": -features["browse_days"],
        "needs_proof": features["proofs_per_order"], "procrastinator": features["abandoned_carts"],
    }  # fmt: skip
    return pd.DataFrame(signs).rank(pct=True).fillna(0.5).idxmax(axis=1)


def recall(said: pd.Series, truth: pd.Series) -> float:
    """Balanced accuracy."""
    return float((said == truth).groupby(truth).mean().mean())


def test_the_planted_types_are_recovered(simulated_customers):
    said, truth = simulated_customers["purchase_segment"], simulated_customers["true_shopper_type"]
    known = said != "unknown"
    assert recall(said[known], truth[known]) > 0.7 > recall(naive(simulated_customers[known]), truth[known]) + 0.05
    buyers = simulated_customers["n_orders"] > 0
    assert recall(said[buyers], truth[buyers]) > 0.5  # who ordered once or twice counts as missed
    assert set(said[known]) == set(TYPES)


# Borders


def test_a_cart_is_abandoned_when_no_order_follows_within_three_days(ask):
    orders = [
        ("in_time", "2024-02-13", 9.0), ("too_late", "2024-02-14", 9.0), ("open", "2024-01-01", 9.0),
        ("left", "2024-01-01", 9.0),
    ]  # fmt: skip
    carts = [
        ("in_time", "2024-02-10", "add_to_cart"), ("too_late", "2024-02-10", "add_to_cart"),
        ("open", "2024-02-27", "add_to_cart"), ("left", "2024-02-26", "add_to_cart"), ("left", "2024-02-26", "view"),
    ]  # fmt: skip
    features, _ = ask(orders, carts)
    assert features["abandoned_carts"].to_dict() == {"in_time": 0, "too_late": 1, "open": 0, "left": 1}


def test_a_look_counts_for_an_order_within_45_days(ask):
    orders = [("near", "2024-02-15", 9.0), ("far", "2024-02-16", 9.0)]
    features, _ = ask(orders, [("near", "2024-01-01", "view"), ("far", "2024-01-01", "view")])
    assert features["browse_days"].fillna(-1).to_dict() == {"near": 45, "far": -1}
