"""Labels of the same customers: by two models whose features or whose fit alone differ."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from patronage import names as c
from patronage.models import personas
from patronage.review import labellings, migration

from .conftest import CUTOFF, LATER, configured, run_of


class TestMatching:
    def test_renumbered_labels_are_matched(self):
        reference = pd.Series(pd.Categorical(list("xxxyyyzzz")))
        table = labellings.match_labels(reference, reference.cat.rename_categories({"x": "2", "y": "0", "z": "1"}))
        assert dict(zip(table["reference"], table["label"], strict=True)) == {"x": "2", "y": "0", "z": "1"}
        assert (table["jaccard"] == 1).all()

    def test_of_a_label_that_splits_the_larger_part_is_matched(self):
        table = labellings.match_labels(
            pd.Series(pd.Categorical(list("xxxxyyy"))), pd.Series(pd.Categorical(list("aaabccc")))
        )
        pairs = dict(zip(table["label"], table["reference"], strict=True))
        assert pairs == {"a": "x", "c": "y", "b": ""}

    def test_a_pair_that_shares_few_customers_is_no_pair(self):
        reference, other = list("x" * 50 + "y" * 50), list("a" * 49 + "b" * 2 + "a" * 49)
        table = labellings.match_labels(pd.Series(pd.Categorical(reference)), pd.Series(pd.Categorical(other)))
        assert "b" in set(table.loc[table["reference"] == "", "label"])

    def test_a_persona_that_keeps_its_id_under_another_name_is_the_same(self):
        reference = pd.Series(pd.Categorical(["0: one-time, lapsed"] * 4 + ["1: active"] * 4))
        labels = pd.Series(pd.Categorical(["0: lapsed"] * 3 + ["1: active"] * 4 + ["5: new"]))
        table = labellings.match_labels(reference, labels, by_id=True)
        pairs = dict(zip(table["label"], table["reference"], strict=True))
        assert pairs == {"0: lapsed": "0: one-time, lapsed", "1: active": "1: active", "5: new": ""}


def labels_of(baseline, candidate):
    """The labellings, how personas were matched, and why there is no frozen model."""
    frozen, reason = labellings.predict_frozen(baseline, candidate)
    return *labellings.labellings(baseline, candidate, frozen), reason


class TestAModel:
    def test_with_other_features_only_behaviour_moves(self, bundle, shop_at):
        (split, _), (later, _) = shop_at(CUTOFF), shop_at(LATER)
        columns, matching, reason = labels_of(run_of("one", bundle, split), run_of("other", bundle, later))
        assert reason == ""
        assert (matching["jaccard"] == 1).all()
        for labelling in columns:
            assert migration.refit_share(labelling) == 0
            assert set(migration.reasons(labelling)) <= {"stayed", "behaviour moved"}
        assert (migration.reasons(columns[1]) == "behaviour moved").any()

    def test_with_another_fit_only_the_model_moves(self, bundle, shop_at):
        split, _ = shop_at(CUTOFF)
        config = replace(configured(CUTOFF).personas, k=4)
        from patronage.config import LensesConfig
        from patronage.lenses import described

        descriptions = described(LensesConfig())
        refit = replace(
            bundle, personas=personas.fit(split.current.features, config, seed=1, descriptions=descriptions)
        )
        columns, matching, _ = labels_of(run_of("one", bundle, split), run_of("other", refit, split))
        assert set(migration.reasons(columns[0])) == {"stayed", "model moved"}
        assert (matching["reference"] == "").sum() == 1  # four personas, three known
        assert any(label.startswith("new ") for label in columns[0].labels)
        for labelling in columns[1:]:
            assert set(migration.reasons(labelling)) == {"stayed"}

    def test_a_customer_without_an_order_has_every_label_of_the_frozen_model(self, bundle, shop_at):
        """Such a customer is in no tier: of two runs that share one the comparison ended with a defect."""
        (split, _), (later, _) = shop_at(CUTOFF), shop_at(LATER)
        features = later.current.features.copy()
        features.loc[features.index[0], [c.N_ORDERS, c.FREQUENCY]] = 0.0
        candidate = replace(run_of("other", bundle, later), features=features)
        frozen, _ = labellings.predict_frozen(run_of("one", bundle, split), candidate)
        assert frozen.notna().all(axis=None)
        assert frozen[c.VALUE_TIER].iloc[0] == c.UNKNOWN

    def test_without_a_feature_that_it_reads_the_model_cannot_be_frozen(self, bundle, shop_at):
        split, _ = shop_at(CUTOFF)
        poorer = run_of("other", bundle, split)
        poorer = replace(poorer, features=poorer.features.drop(columns="lateness"))
        columns, _, reason = labels_of(run_of("one", bundle, split), poorer)
        assert reason == "the candidate's features lack lateness"
        assert all(labelling.frozen is None for labelling in columns)


def test_the_same_run_twice_agrees_exactly(bundle, shop_at):
    split, _ = shop_at(CUTOFF)
    columns, _, _ = labels_of(run_of("one", bundle, split), run_of("two", bundle, split))
    for labelling in columns:
        assert migration.agreement(labelling)["moved"].eq(0).all()
