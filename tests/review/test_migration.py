"""Seven customers by hand: why each has another label, and what moved with it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from patronage.review import migration
from patronage.review.labellings import Labelling


def labels(letters: str, customers: str = "abcdef") -> pd.Series:
    """One letter a customer."""
    return pd.Series(pd.Categorical(list(letters), ["x", "y", "z"]), index=list(customers))


# a stays, b moves by behaviour, c by the model, d by both, e is moved back by the model; f leaves, g joins
BY_HAND = Labelling("persona", labels("xxxxxx"), labels("xyyzxx", "abcdeg"), labels("xyxyyx", "abcdeg"))
CLV_BEFORE = pd.Series([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], index=list("abcdef"))
CLV_AFTER = pd.Series([1.0, 3.0, 5.0, 9.0, 17.0, 64.0], index=list("abcdeg"))


def test_every_customer_has_one_reason_and_the_clv_adds_up():
    split = migration.migration_by_reason(BY_HAND, CLV_BEFORE, CLV_AFTER).set_index("reason")
    assert split["customers"].to_dict() == {
        "stayed": 1, "behaviour moved": 1, "model moved": 1, "both moved": 1, "model moved back": 1, "joined": 1,
        "left": 1,
    }  # fmt: skip
    assert split.loc["behaviour moved", ["share", "clv_before", "clv_after", "clv_change"]].tolist() == [0.2, 2, 3, 1]
    assert split.loc["joined", ["share", "clv_before", "clv_after"]].tolist() == [1 / 7, 0, 64]
    assert split.loc["left", "clv_change"] == -32
    assert split["clv_change"].sum() == CLV_AFTER.sum() - CLV_BEFORE.sum()


def test_without_a_frozen_model_the_reason_is_moved():
    split = migration.migration_by_reason(replace(BY_HAND, frozen=None), CLV_BEFORE, CLV_AFTER).set_index("reason")
    assert split["customers"].to_dict() == {"stayed": 2, "moved": 3, "joined": 1, "left": 1}


def test_the_refit_moves_whom_the_frozen_model_would_have_kept_and_not_whom_it_put_back():
    assert migration.refit_share(BY_HAND) == pytest.approx(1 / 5)  # c; d moved by itself, e was put back, g is new
    split = migration.migration_by_reason(BY_HAND, CLV_BEFORE, CLV_AFTER).set_index("reason")
    assert migration.refit_share(BY_HAND) == split.loc["model moved", "share"]  # compare and promote: one number


def test_the_cross_table_counts_every_customer_once():
    moves = migration.moves(BY_HAND, CLV_BEFORE, CLV_AFTER).set_index(["from", "to"])
    assert moves["customers"].to_dict() == {
        ("x", "x"): 2, ("x", "y"): 2, ("x", "z"): 1, ("x", "left"): 1, ("joined", "x"): 1,
    }  # fmt: skip
    assert moves.loc[("x", "y"), "share"] == pytest.approx(2 / 6)


def test_agreement_is_1_for_the_same_and_worse_otherwise():
    table = migration.agreement(BY_HAND).set_index("step")
    assert table.loc["whole", "customers"] == 5
    assert table.loc["whole", "moved"] == pytest.approx(3 / 5)
    same = migration.agreement(replace(BY_HAND, after=BY_HAND.before, frozen=BY_HAND.before))
    assert same[["ari", "ami", "kappa"]].eq(1).all(axis=None)


def test_each_customer_has_the_reason_of_the_three_labels():
    assert migration.reasons(BY_HAND).to_dict() == {
        "a": "stayed", "b": "behaviour moved", "c": "model moved", "d": "both moved", "e": "model moved back",
    }  # fmt: skip
