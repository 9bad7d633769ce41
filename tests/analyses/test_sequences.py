"""Offers and pairs in time by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.analyses import sequences
from patronage.config import SequencesConfig


def test_offers_follow_what_goes_together():
    had = np.zeros((300, 4))
    had[:100, :2] = 1  # tea and honey
    had[100:200, 2:] = 1  # bread and jam
    had[200, 0] = had[201, 2] = 1
    scores = sequences.offer_scores(had)
    assert scores[200].argsort()[::-1][:2].tolist() == [0, 1]
    new = np.array([[0, 1.0, 0, 0], [0, 0, 0, 1.0]])
    rates = sequences.hit_rates(scores[200:202], had[200:202], new, np.array([9.0, 8, 7, 1]), 1)
    assert rates.hits == 1
    assert rates.popular == 0.5  # honey is what the first of the two took, tea is not what the second took


def test_a_pair_in_time_stands_beside_all_acts_around_it():
    counts = pd.DataFrame(
        {"act": ["a"] * 4, "other": list("bcde"), "only_after": [200, 50, 50, 50], "only_before": [50, 50, 50, 50],
         "n_after": [250, 60, 60, 60], "n": [1000] * 4, "kind": [0] * 4}
    )  # fmt: skip
    table = sequences._ratios(counts).set_index("then")
    assert table.loc["b", "verdict"] == "follows"
    assert table.loc["b", "sequence_ratio"] == pytest.approx(4, rel=0.03)
    assert table.loc["b", "low"] < 4 < table.loc["b", "high"]
    assert (table.loc[["c", "d", "e"], "verdict"] == "no order in time").all()


def test_true_pairs_of_events_do_not_let_a_doubtful_pair_of_products_through():
    pairs = pd.DataFrame(
        {"act": [f"act {k}" for k in range(40)] + ["coffee"] * 3,
         "other": [f"event {k}" for k in range(40)] + ["tea", "jam", "bread"],
         "only_after": [400] * 40 + [70, 50, 50], "only_before": [50] * 40 + [48, 50, 50],
         "n_after": [400] * 43, "n": [1000] * 43, "kind": [2] * 40 + [0] * 3}
    )  # fmt: skip
    one_family = sequences._ratios(pairs.assign(kind=0)).set_index("then")
    table = sequences._ratios(pairs).set_index("then")
    assert one_family.loc["tea", "verdict"] == "follows"
    assert table.loc["tea", "verdict"] == "no order in time"
    assert table.loc["event 0", "verdict"] == one_family.loc["event 0", "verdict"]


def test_honey_after_tea_is_told(planted):
    table = sequences.run(planted, SequencesConfig()).tables["sequences"]
    first = table.iloc[0]
    assert (first["after"], first["then"], first["verdict"]) == ("tea", "honey", "follows")
    assert first["low"] > 1
