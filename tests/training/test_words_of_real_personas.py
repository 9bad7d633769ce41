"""Every name and every reason of the personas of three real logs, word by word, against the features."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from conftest import REPO
from patronage import cutoff as when
from patronage import data, lenses
from patronage import names as c
from patronage.engine import DuckDB
from patronage.jobs.compose import settings
from patronage.models.personas import PersonaModel
from patronage.models.personas.naming import CLEAR, MOST
from patronage.training.origins import earlier, split_at
from patronage.training.personas import fit_personas

RETAIL = REPO.parent / "shared" / "data" / "retail" / "online_retail_ii.parquet"
LOGS = {
    "cdnow": ["experiment=cdnow"],
    "complete_journey": ["experiment=complete_journey"],
    "online_retail": ["experiment=online_retail", f"data.transactions.path={RETAIL}"],
}

pytestmark = pytest.mark.slow


class Personas(NamedTuple):
    model: PersonaModel
    features: pd.DataFrame
    assigned: pd.DataFrame


@pytest.fixture(scope="module", params=LOGS)
def personas(request) -> Personas:
    if request.param == "online_retail" and not Path(RETAIL).exists():
        pytest.skip("the retail log is not here")
    config = settings("train", [*LOGS[request.param], "personas.bootstraps=5"])
    tables = data.load(DuckDB(threads=2), config.data)
    split = split_at(tables, when.parse(config.cutoff), config)
    features = split.current.features
    model = fit_personas(
        features,
        config.personas,
        seed=config.seed,
        descriptions=lenses.described(split.lenses),
        later=split.training[0],
        labels=lenses.fit(features, split.lenses, earlier(split.training)),
    )
    tables.engine.close()
    return Personas(model, features, pd.DataFrame(model.predict(features), features.index))


def held(personas: Personas) -> dict[str, np.ndarray]:
    """Word to the customers that it is true of; both axes of taste may end at one product."""
    truth: dict[str, np.ndarray] = {}
    for name, word in zip(personas.model.columns, personas.model.words, strict=True):
        values = personas.features[word.judged_by or name].to_numpy(float)
        middle_from = word.below if word.middle_from is None else word.middle_from
        between = (values > max(word.below, middle_from)) & (values < word.above)
        for text, true in zip(word.texts, (values <= word.below, between, values >= word.above), strict=True):
            if text:
                truth[text] = truth.get(text, False) | true
    return truth


def test_each_word_of_a_name_is_true_of_most_and_of_fewer_others(personas):
    truth = held(personas)
    for name in set(personas.assigned[c.PERSONA]) - {c.NO_ORDER}:
        members = (personas.assigned[c.PERSONA] == name).to_numpy()
        words = [word for word in name.split(" (")[0].split(", ") if word != "in the middle"]
        shares = [(truth[word][members].mean(), truth[word][~members].mean()) for word in words]
        assert all(inside >= MOST and inside > outside for inside, outside in shares), (name, shares)
        assert not words or max(inside - outside for inside, outside in shares) >= CLEAR, (name, shares)


def test_names_tell_personas_apart_in_one_order_of_words(personas):
    names = personas.model.names
    assert len(set(names)) == len(names)
    assert not any(name.endswith(")") for name in names)  # none needs a number
    order = [text for word in personas.model.words for text in word.texts]
    for name in names:
        places = [order.index(word) for word in name.split(", ") if word != "in the middle"]
        assert places == sorted(places)


def test_two_personas_are_told_apart_by_their_clear_words(personas):
    """No name is made by adding what is hardly truer of one of two personas than of the other."""
    assert personas.model.choice.taken.twins == ""
    assert len(set(personas.model.described)) == personas.model.k


def test_a_reason_has_one_word_of_a_view(personas):
    views_of = pd.Series({(text, word.view): word.view for word in personas.model.words for text in word.texts if text})
    view_of = {text: views.iloc[0] for text, views in views_of.groupby(level=0) if len(views) == 1}  # both tastes: beef
    reasons = personas.assigned[c.PERSONA_REASON].str.split("; if").str[0]
    for reason in reasons.unique():
        views = [view_of[word] for word in reason.split(", ") if word in view_of]
        assert len(set(views)) == len(views), reason


def test_who_is_away_for_a_while_is_silent_for_longer_than_usual(personas):
    """Longer than a quarter of a year, or than nearly every customer usually waits."""
    away = personas.assigned[c.PERSONA_REASON].str.contains(r"away for a while(?:,|;|$)", regex=True)
    away &= personas.assigned[c.PERSONA_REASON].str.split("; if").str[0].str.contains("away for a while")
    silence = personas.features.loc[away, c.DAYS_SINCE_LAST_ORDER]
    usual = personas.features[c.MEAN_GAP_DAYS].quantile(0.95)
    assert (silence > min(usual, 90)).all()


def test_each_word_of_each_reason_is_true_of_its_customer(personas):
    truth = held(personas)
    reasons = personas.assigned[c.PERSONA_REASON].str.split("; if").str[0]
    n = 0
    for reason, customers in reasons.groupby(reasons):
        rows = personas.features.index.get_indexer(customers.index)
        for word in set(reason.split(", ")) & set(truth):
            assert truth[word][rows].all(), (reason, word)
            n += len(rows)
    assert n > len(reasons)  # more than a word each


def test_what_would_move_a_customer_ends_at_a_persona_that_exists(personas):
    ends = personas.assigned[c.PERSONA_REASON].str.extract(r"; if [^:]+: (.*)$")[0].dropna()
    assert set(ends) <= set(personas.model.names)
    assert len(ends) > 0.5 * len(personas.assigned)
