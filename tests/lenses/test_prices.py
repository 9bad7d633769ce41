"""Price tier: levels of categories learned at fit, and the distance of a customer's prices to them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.lenses.prices import MIN_CUSTOMERS, price_levels, price_tier


def features(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"shelf_prices": list(texts)})


def test_a_category_has_a_level_from_its_fifth_customer_on():
    tea, gin = "100\t1\ttea\n", "900\t1\tgin\n"
    levels = price_levels(pd.Series([tea + gin] * (MIN_CUSTOMERS - 1) + [tea]))
    assert levels == {"tea": pytest.approx(np.log(100))}


def test_the_level_is_the_median_of_the_customers():
    texts = pd.Series([f"{price}\t1\ttea\n" for price in (10, 20, 40, 80, 10_000)])
    assert price_levels(texts)["tea"] == pytest.approx(np.log(40))


def test_the_tier_is_the_mean_log_ratio_by_lines():
    levels = {"tea": np.log(100), "soap": np.log(50)}
    tier = price_tier(features("200\t3\ttea\n50\t1\tsoap\n", "100\t9\ttea\n", "25\t2\tsoap\n"), levels)
    assert tier.tolist() == pytest.approx([0.75 * np.log(2), 0.0, -np.log(2)])


def test_without_a_price_of_a_known_category_there_is_no_tier():
    assert price_tier(features("", "5\t1\tgin\n"), {"tea": 1.0}).isna().all()


def test_a_free_line_counts_as_the_least_price():
    assert price_tier(features("0\t1\ttea\n"), {"tea": np.log(1)}).tolist() == [0.0]
