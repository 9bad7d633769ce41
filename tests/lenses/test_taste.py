"""Taste: two kinds of customers lie at the two ends of the first axis, and frozen axes stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage.lenses.taste_axes import TasteAxes, goods_bought, item_groups, with_taste

CUTOFF = datetime(2024, 3, 1)
KINDS = {"tea": ["green tea", "black tea"], "toys": ["blocks, $5", "dolls"]}


def log(column: str = "category", customers: int = 120, until: int = 59) -> pd.DataFrame:
    """Half of the customers buy mostly tea, half mostly toys; one in ten lines is of the other kind."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(customers):
        own, other = ("tea", "toys") if number % 2 else ("toys", "tea")
        for line in range(12):
            kind = other if rng.random() < 0.1 else own
            day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(0, until)))
            rows.append((f"c{number:03d}", day, 10.0, f"{number}-{line}", str(rng.choice(KINDS[kind]))))
    rows += [
        ("extra", pd.Timestamp("2024-01-02"), 5.0, "e1", "soap"),
        ("without", pd.Timestamp("2024-01-02"), 5.0, "n1", None),
    ]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id", column])


def learned(tables, settings):
    return with_taste(tables, CUTOFF, settings)


def places(tables, settings):
    return lenses.features_at(tables, CUTOFF, settings, 7, ["taste"])


@pytest.mark.parametrize("column", ["category", "product_id"])
def test_two_kinds_of_customers_lie_at_the_two_ends(lens_settings, column):
    tables = through_the_door(log(column), on_duplicate_rows="keep")
    settings = learned(tables, lens_settings)
    axes = TasteAxes.of(settings.taste.learned)
    assert (axes.column, sorted(axes.items)) == (column, sorted([*KINDS["tea"], *KINDS["toys"]]))
    taste = places(tables, settings)["taste_1"]
    tea = taste[[name for name in taste.index if name.startswith("c") and int(name[1:]) % 2]]
    toys = taste[[name for name in taste.index if name.startswith("c") and not int(name[1:]) % 2]]
    assert min(tea.max(), toys.max()) < max(tea.min(), toys.min())
    assert np.isnan(taste["without"])
    assert np.isnan(taste["extra"])  # what hardly anybody buys says nothing
    words = lenses.described(settings)["taste_1"]
    assert words.missing == "what is bought: not known"  # not the names of both ends
    ends = {word.removeprefix("more ").removeprefix("goods like ") for word in (words.high, words.low)}
    assert len(ends & set(KINDS["tea"])) == len(ends & set(KINDS["toys"])) == 1


def test_a_place_is_the_projection_pulled_to_the_middle_by_hand(lens_settings):
    tables = through_the_door(log(), on_duplicate_rows="keep")
    settings = learned(tables, lens_settings)
    axes, taste = TasteAxes.of(settings.taste.learned), places(tables, settings)["taste_1"]
    lines = log()
    own = lines[(lines["customer_id"] == "c001") & lines["category"].isin(axes.items)]
    share = own.groupby("category")["amount"].sum().reindex(axes.items).fillna(0) / own["amount"].sum()
    place = (np.sqrt(share) * np.array(axes.loadings)[:, 0]).sum() - axes.middle[0]
    assert taste["c001"] == pytest.approx(place / 1e6 * 12 / (12 + 20), abs=1e-5)


def test_the_goods_of_an_end_count_above_the_usual_share_by_hand(lens_settings):
    tables = through_the_door(log(), on_duplicate_rows="keep")
    settings = learned(tables, lens_settings)
    axes, features = TasteAxes.of(settings.taste.learned), places(tables, settings)
    lines = log()
    lines = lines[lines["category"].isin(axes.items)]
    goods = features["taste_1_goods"]
    for name in ("c001", "c002"):
        end = 0 if features.loc[name, "taste_1"] > 0 else 1
        share = lines.loc[lines["customer_id"] == name, "category"].isin(axes.goods[0][end]).mean()
        above = max(share - axes.usual[0][end] / 1e6, 0)
        assert goods[name] == pytest.approx((1, -1)[end] * above, abs=2e-6)
    assert goods.min() < 0 < goods.max()
    assert set(axes.goods[0][0]) <= set(KINDS["tea"]) or set(axes.goods[0][0]) <= set(KINDS["toys"])


@pytest.mark.slow
def test_frozen_axes_stay_and_are_learned_anew_where_they_know_too_little(lens_settings):
    tables = through_the_door(log(), on_duplicate_rows="keep")
    settings = learned(tables, lens_settings)
    assert learned(tables, settings) == settings
    renamed = log().assign(
        category=log()["category"].map({"green tea": "a", "black tea": "b", "blocks, $5": "c", "dolls": "d"})
    )
    other = learned(through_the_door(renamed, on_duplicate_rows="keep"), settings)
    assert sorted(TasteAxes.of(other.taste.learned).items) == ["a", "b", "c", "d"]


@pytest.mark.slow
def test_the_future_moves_no_axis(lens_settings):
    now = learned(through_the_door(log(), on_duplicate_rows="keep"), lens_settings)
    future = log().assign(
        ordered_at=pd.Timestamp("2024-03-01"), category="later", order_id=[f"f{n}" for n in range(len(log()))]
    )
    later = through_the_door(pd.concat([log(), future], ignore_index=True), on_duplicate_rows="keep")
    assert learned(later, lens_settings) == now


@pytest.mark.slow
def test_without_anything_learned_the_lens_is_left_out(lens_settings, by_hand):
    assert with_taste(by_hand, CUTOFF, lens_settings) == lens_settings
    assert "taste" not in lenses.available(through_the_door(log(), on_duplicate_rows="keep"), lens_settings)
    few = through_the_door(log(customers=20), on_duplicate_rows="keep")
    assert with_taste(few, CUTOFF, lens_settings) == lens_settings


def test_settings_survive_the_way_through_a_file(lens_settings):
    """A dollar sign in a category is no reference to a setting."""
    from dataclasses import asdict

    from omegaconf import OmegaConf

    from patronage.config import LensesConfig, typed

    settings = learned(through_the_door(log(), on_duplicate_rows="keep"), lens_settings)
    again = typed(LensesConfig, OmegaConf.create(asdict(settings)))
    assert TasteAxes.of(again.taste.learned) == TasteAxes.of(settings.taste.learned)
    assert "blocks, $5" in TasteAxes.of(again.taste.learned).items


def test_goods_and_their_groups(lens_settings):
    tables = through_the_door(log("product_id"), on_duplicate_rows="keep")
    settings = learned(tables, lens_settings)
    goods = goods_bought(tables, CUTOFF, settings)
    assert set(goods["item"]) == {*KINDS["tea"], *KINDS["toys"]}
    assert item_groups(tables, CUTOFF, TasteAxes.of(settings.taste.learned)).nunique() == 4
    assert goods_bought(tables, CUTOFF, lens_settings).empty


def test_products_that_are_bought_together_are_a_group(lens_settings):
    rng, day = np.random.default_rng(1), pd.Timestamp("2024-01-05")
    kinds = {number: (0, 0, 0, 0, 1, 1, 2)[number % 7] for number in range(150)}
    rows = [
        (f"c{number}", day, 1.0, f"{number}-{line}", f"p{kind}{rng.integers(0, 9)}")
        for number, kind in kinds.items()
        for line in range(15)
    ]
    tables = through_the_door(
        pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id", "product_id"]),
        on_duplicate_rows="keep",
    )
    axes = TasteAxes.of(learned(tables, lens_settings).taste.learned)
    groups = item_groups(tables, CUTOFF, axes)
    kind_of_item = pd.Series([item[1] for item in groups.index], groups.index)
    assert kind_of_item.groupby(groups).nunique().max() == 1  # no group holds products of two kinds


def test_one_axis_is_missing_where_it_is_not_steady(lens_settings):
    tables = through_the_door(log(), on_duplicate_rows="keep")
    settings = learned(tables, lens_settings)
    axes = replace(TasteAxes.of(settings.taste.learned), steady_axes=1)
    settings = replace(settings, taste=replace(settings.taste, learned=axes.to_text()))
    taste = places(tables, settings)
    assert taste["taste_2"].isna().all()
    assert taste["taste_1"].notna().any()


def test_a_product_goes_by_its_commonest_name_before_the_cutoff(lens_settings):
    lines = log("product_id")
    lines["product_name"] = lines["product_id"].str.upper().where(lines.index % 10 > 0, "misspelt")
    later = lines.assign(ordered_at=CUTOFF, product_name="renamed", order_id="later " + lines["order_id"])
    tables = through_the_door(pd.concat([lines, later, later, later]), on_duplicate_rows="keep")
    settings = learned(tables, lens_settings)
    axes = TasteAxes.of(settings.taste.learned)
    assert axes.names == {item: item.upper() for item in axes.items}
    word = lenses.described(settings)["taste_1"].high.removeprefix("more ")
    assert word in {item for kind in KINDS.values() for item in kind}  # in lower case, as it stands in a sentence
    bought = goods_bought(tables, CUTOFF, settings)
    assert set(bought["item"]) == set(axes.names.values())
    assert not bought.duplicated(["customer_id", "item"]).any()
