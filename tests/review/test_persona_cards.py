"""Cards: lift rather than popularity, words that are true, and nothing unknown."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage import names as c
from patronage.jobs.compose import settings
from patronage.models.personas.naming import held_words
from patronage.review.persona_cards import CardInputs, persona_cards
from patronage.training.fit import fit_bundle
from patronage.training.origins import split_at

pytestmark = pytest.mark.slow
COLUMNS = ["persona_id", "persona", "part", "what", "value", "base", "text"]


@pytest.fixture(scope="module")
def inputs(shop) -> CardInputs:
    """The shop, whose frequent customers buy mostly tea and bread, the others mostly toys and bread."""
    rng = np.random.default_rng(0)
    often = shop["customer_id"].str[1:].astype(int) % 2 == 0
    goods = np.where(
        rng.random(len(shop)) < 0.3, "bread", np.where(often ^ (rng.random(len(shop)) < 0.1), "tea", "toys")
    )
    given = ["data=cdnow", "cutoff=2023-07-01", "horizon_days=90", "personas.bootstraps=4", "churn=lightgbm"]
    config = settings("train", given)
    tables = through_the_door(shop.assign(category=goods))
    split = split_at(tables, datetime(2023, 7, 1), config)
    bundle = fit_bundle(split, config, left_censored=False)
    bought = lenses.goods_bought(tables, datetime(2023, 7, 1), split.lenses)
    return CardInputs(bundle, split.current.features, bundle.assign(split.current.features), bought)


@pytest.fixture(scope="module")
def cards(inputs) -> pd.DataFrame:
    return persona_cards(inputs)


def test_each_persona_has_a_card_with_its_parts(inputs, cards):
    assert list(cards) == COLUMNS
    assert set(cards[c.PERSONA_ID]) == set(inputs.assignments[c.PERSONA_ID])
    for part in ("size", "money", "next", "do", "typical"):
        assert cards.loc[cards["part"] == part, c.PERSONA_ID].nunique() == cards[c.PERSONA_ID].nunique(), part
    assert not cards["text"].str.contains("unknown|nan", regex=True).any()
    differs = cards[cards["part"] == "differs"]
    assert differs.groupby(c.PERSONA_ID).size().max() <= 5
    silence = differs.loc[differs["what"] == c.DAYS_SINCE_LAST_ORDER, "text"]
    assert silence.str.fullmatch(r"[\d,.]+ days? since the last order \(all: [\d,.]+\)").all()


def test_one_day_is_no_days(inputs):
    yesterday = {c.DAYS_SINCE_LAST_ORDER: 1.0, c.N_ORDERS: 2.0}
    cards = persona_cards(replace(inputs, features=inputs.features.assign(**yesterday)))
    typical = cards.loc[cards["part"] == "typical", "text"]
    assert typical.str.contains(r": 2 orders, the last 1 day ago, [\d,]+ an order$").all()


def test_what_they_buy_more_is_lift_and_not_popularity(cards):
    more = cards[cards["part"] == "buys more"]
    assert more.loc[more[c.PERSONA_ID] == 0, "what"].tolist()[:1] == ["tea"]  # of the most frequent; all buy bread
    assert (more["value"] / more["base"] >= 1.15).all()


def test_the_sentence_tells_the_shares_of_the_words(inputs, cards):
    personas = inputs.bundle.personas
    held = pd.DataFrame(held_words(personas.words, inputs.features, personas.columns), inputs.features.index)
    held.columns = [word for each in personas.words for word in each.texts]
    members = inputs.assignments.groupby(c.PERSONA_ID).groups
    for _, line in cards[cards["part"] == "sentence"].iterrows():
        for number, part in enumerate(line["text"].split("; ")):
            figure, word = re.fullmatch(r"(\d+%)(?: of them)? (?:are|buy) (.+) \([\d.<]+%.*\)", part).groups()
            assert (" of them" in part) == (number == 0)
            own = held.loc[members[line[c.PERSONA_ID]], word]
            own = float((own if own.ndim == 1 else own.any(axis=1)).mean())
            assert figure == f"{own:.0%}"
            assert own >= 2 / 3


def test_without_goods_and_former_personas_those_parts_are_left_out(inputs):
    bare = persona_cards(CardInputs(inputs.bundle, inputs.features, inputs.assignments, pd.DataFrame()))
    assert not set(bare["part"]) & {"buys more", "moved"}
    again = CardInputs(inputs.bundle, inputs.features, inputs.assignments, inputs.goods, inputs.bundle.personas)
    moved = persona_cards(again)
    assert (moved.loc[moved["part"] == "moved", "value"] == 0).all()
