"""Interests: affinities by hand, what is next to them, and the planted tastes recovered."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.lenses import interests
from patronage.lenses.packing import unpacked
from patronage.models.ensemble.reasons import number_in_words

CUTOFF = pd.Timestamp("2024-03-01")


def test_affinities_by_hand(rich_features, lens_settings):
    def worth(*acts):
        days = [(weight, (CUTOFF - pd.Timestamp(day)).days) for weight, day in acts]
        return sum(round(1000 * weight * 0.5 ** (age / lens_settings.interests.half_life_days)) for weight, age in days)

    tea = worth((1, "2024-01-10"), (1, "2024-01-20"), (1, "2024-02-20"), (0.2, "2024-01-16"), (0.3, "2024-02-20"),
                (0.5, "2024-02-28"))  # fmt: skip
    soap = worth((1, "2024-01-10"), (0.2, "2024-02-20"), (0.5, "2024-02-01"))
    anna = rich_features.loc["anna"]
    assert anna["interests"] == f"{tea}\ttea\n{soap}\tsoap\n"
    assert anna["interest_weight"] == pytest.approx((tea + soap) / 1000)
    assert anna["interest_breadth"] == 2
    assert anna["interest_focus"] == pytest.approx(tea / (tea + soap))


def test_packed_items_are_read_back():
    items = unpacked(pd.Series(["5\t2\ta b\n7\t1\tc\n", ""]), ("price", "lines", "category"))
    assert items.to_dict("list") == {"row": [0, 0], "price": [5, 7], "lines": [2, 1], "category": ["a b", "c"]}
    assert unpacked(pd.Series(["", ""]), ("weight", "interest")).empty


def test_the_adjacent_interest_goes_with_the_top_one_and_is_not_among_the_own(lens_settings):
    # Customers who like tea like scones; everyone likes milk, so milk is next to nothing.
    texts = ["9\ttea\n8\tscones\n7\tmilk\n"] * 20 + ["9\tgin\n8\ttonic\n7\tmilk\n"] * 20 + ["9\ttea\n7\tmilk\n", ""]
    features = pd.DataFrame({"interests": texts, "interest_weight": 9.0})
    state = interests.LENS.fit(features, lens_settings)
    labels = pd.DataFrame(interests.LENS.segments(features, state))
    assert labels.iloc[40].tolist() == ["tea", "milk", "scones"]
    assert labels.iloc[0].tolist() == ["tea", "scones", "unknown"]  # the neighbours are all among the own
    assert labels.iloc[41].tolist() == ["unknown"] * 3
    assert "milk" not in state.neighbours["tea"]


def test_little_affinity_leaves_interests_unknown(lens_settings):
    features = pd.DataFrame({"interests": ["900\ttea\n"], "interest_weight": [0.9]})
    state = interests.LENS.fit(features, lens_settings)
    assert pd.DataFrame(interests.LENS.segments(features, state)).iloc[0].tolist() == ["unknown"] * 3


@pytest.mark.slow
def test_the_planted_tastes_are_recovered(simulated, simulated_customers):
    top, truth = simulated_customers["top_interest"], simulated_customers["true_interest"]
    known = top != "unknown"
    last = simulated.tables.engine.frame(
        "SELECT customer_id, category FROM (SELECT customer_id, category, row_number() OVER (PARTITION BY customer_id "
        "ORDER BY ordered_at DESC, amount DESC, category) AS place FROM transactions) WHERE place = 1"
    ).set_index("customer_id")["category"]

    def recall(labels):
        return (labels[known] == truth[known]).groupby(truth[known]).mean().mean()

    assert recall(top) > 0.75
    assert recall(top) > recall(last.reindex(truth.index)) + 0.1  # beside: the category of the last purchase


def test_shares_that_the_configuration_names_become_features(rich, lens_settings):
    settings = deepcopy(lens_settings)
    settings.interests.shares = ["tea", "it's"]
    tables = through_the_door(*rich, on_duplicate_rows="keep")
    features = lenses.features_at(tables, datetime(2024, 3, 1), settings, 7)
    top = features["interests"].str.extract(r"\t(.*)\n", expand=False)  # the first of them
    shares = features["interest_share_tea"]
    assert shares.where(top == "tea", 1 - shares).tolist() == pytest.approx(features["interest_focus"].tolist())
    assert (features["interest_share_it's"] == 0).all()
    feature = lenses.described(settings)["interest_share_tea"]
    told = number_in_words(feature, "", 0.334, 0.006, "all:")
    assert told == "33% of the interest in tea (all: 1%)"  # share of tea in all affinity: 0.334 (all: 0.006)
    assert (feature.more, feature.less) == ("with more interest in tea", "with less interest in tea")
