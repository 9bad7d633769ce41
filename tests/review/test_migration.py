"""Six customers by hand; then a real model, whose features or whose fit alone is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from conftest import through_the_door
from patronage.models import personas
from patronage.review import migration
from patronage.review.migration import Answer

from .conftest import CUTOFF, LATER, configured, past


def labels(text: str, customers: str = "abcdef") -> pd.Series:
    """One letter a customer."""
    return pd.Series(pd.Categorical(list(text), ["x", "y", "z"]), index=list(customers))


# a stays, b moves by behaviour, c by the model, d by both, e is moved back by the model; f leaves, g joins
BY_HAND = Answer("persona", labels("xxxxxx"), labels("xyyzxx", "abcdeg"), labels("xyxyyx", "abcdeg"))
CLV_BEFORE = pd.Series([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], index=list("abcdef"))
CLV_AFTER = pd.Series([1.0, 3.0, 5.0, 9.0, 17.0, 64.0], index=list("abcdeg"))


def test_every_customer_has_one_reason_and_brings_her_value():
    split = migration.split_moves(BY_HAND, CLV_BEFORE, CLV_AFTER).set_index("why")
    assert split["customers"].to_dict() == {
        "stayed": 1, "behaviour moved": 1, "model moved": 1, "both moved": 1, "model moved back": 1, "joined": 1,
        "left": 1,
    }  # fmt: skip
    assert split.loc["behaviour moved", ["share", "clv_before", "clv_after", "clv_change"]].tolist() == [0.2, 2, 3, 1]
    assert split.loc["joined", ["share", "clv_before", "clv_after"]].tolist() == [1 / 7, 0, 64]
    assert split.loc["left", "clv_change"] == -32
    assert split["clv_change"].sum() == CLV_AFTER.sum() - CLV_BEFORE.sum()


def test_without_a_frozen_model_moved_is_all_that_can_be_said():
    split = migration.split_moves(replace(BY_HAND, frozen=None), CLV_BEFORE, CLV_AFTER).set_index("why")
    assert split["customers"].to_dict() == {"stayed": 2, "moved": 3, "joined": 1, "left": 1}


def test_the_refit_alone_is_judged_on_everyone_of_the_candidate():
    assert migration.refit_share(BY_HAND) == pytest.approx(3 / 6)  # c, d, e; not a, b, g


def test_the_cross_tab_counts_everyone_once():
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


class TestMatching:
    def test_renumbered_personas_are_the_same_people(self):
        reference = pd.Series(pd.Categorical(list("xxxyyyzzz")))
        found = migration.match(reference, reference.cat.rename_categories({"x": "2", "y": "0", "z": "1"}))
        assert dict(zip(found["reference"], found["label"], strict=True)) == {"x": "2", "y": "0", "z": "1"}
        assert (found["jaccard"] == 1).all()

    def test_when_one_splits_the_larger_part_is_her(self):
        found = migration.match(pd.Series(pd.Categorical(list("xxxxyyy"))), pd.Series(pd.Categorical(list("aaabccc"))))
        pairs = dict(zip(found["label"], found["reference"], strict=True))
        assert pairs == {"a": "x", "c": "y", "b": ""}

    def test_a_pair_that_shares_hardly_anybody_is_none(self):
        reference, other = list("x" * 50 + "y" * 50), list("a" * 49 + "b" * 2 + "a" * 49)
        found = migration.match(pd.Series(pd.Categorical(reference)), pd.Series(pd.Categorical(other)))
        assert "b" in set(found.loc[found["reference"] == "", "label"])


def told(baseline, candidate):
    """The answers, how personas were matched, and why nothing could be frozen."""
    seen, unfrozen = migration.frozen(baseline, candidate)
    return *migration.answers(baseline, candidate, seen), unfrozen


class TestAModel:
    def test_with_other_features_only_behaviour_moves(self, bundle, shop_at):
        (now, _), (later, _) = shop_at(CUTOFF), shop_at(LATER)
        answers, matching, reason = told(past("one", bundle, now), past("other", bundle, later))
        assert reason == ""
        assert (matching["jaccard"] == 1).all()
        for answer in answers:
            assert migration.refit_share(answer) == 0
            assert set(migration.causes(answer)) <= {"stayed", "behaviour moved"}
        assert (migration.causes(answers[1]) == "behaviour moved").any()

    def test_with_another_fit_only_the_model_moves(self, bundle, shop_at):
        now, _ = shop_at(CUTOFF)
        config = replace(configured(CUTOFF).personas, k=4)
        from patronage.lenses import FEATURES

        refit = replace(bundle, personas=personas.fit(now.current.features, config, seed=1, descriptions=FEATURES))
        answers, matching, _ = told(past("one", bundle, now), past("other", refit, now))
        assert set(migration.causes(answers[0])) == {"stayed", "model moved"}
        assert (matching["reference"] == "").sum() == 1  # four personas, three known
        assert any(label.startswith("new ") for label in answers[0].labels)
        for answer in answers[1:]:
            assert set(migration.causes(answer)) == {"stayed"}

    def test_features_that_lack_what_it_reads_cannot_be_asked(self, bundle, shop_at):
        now, _ = shop_at(CUTOFF)
        poorer = past("other", bundle, now)
        poorer = replace(poorer, features=poorer.features.drop(columns="lateness"))
        answers, _, reason = told(past("one", bundle, now), poorer)
        assert reason == "the candidate's features lack lateness"
        assert all(answer.frozen is None for answer in answers)


def test_the_same_run_twice_agrees_exactly(bundle, shop_at, shop):
    now, _ = shop_at(CUTOFF)
    assert through_the_door(shop).customers == 400
    answers, _, _ = told(past("one", bundle, now), past("two", bundle, now))
    for answer in answers:
        assert migration.agreement(answer)["moved"].eq(0).all()


@pytest.mark.parametrize("labels_of", [(4, 4), (3, 5), (1, 1), (1, 3)])
def test_mutual_information_is_scikit_learns(labels_of):
    rng = np.random.default_rng(3)
    a = rng.integers(0, labels_of[0], 500)
    b = np.where(rng.random(500) < 0.6, a, rng.integers(0, labels_of[1], 500))
    table = np.zeros((5, 5), int)
    np.add.at(table, (a, b), 1)
    assert migration.mutual_information(table) == pytest.approx(adjusted_mutual_info_score(a, b))
