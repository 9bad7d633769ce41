"""A refit gives the same people the same id and name; who is new gets a new one, who is gone is said to be gone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from patronage.errors import FitError
from patronage.evaluation.stability import moved_by_refit
from patronage.models import personas
from patronage.models.personas.identity import Matching, pair_up


@pytest.fixture(scope="module")
def former(planted, words, settings):
    return personas.fit(planted[0], settings(), words, seed=0)


def test_pairs_and_costs_by_hand():
    distance = np.array([[0.0, 0.9], [0.8, 0.1], [0.5, 0.5]])
    overlap = np.array([[1.0, 0.0], [0.0, 0.7], [0.0, 0.3]])
    cost, pairs = pair_up(distance, overlap, limit=0.5)
    np.testing.assert_allclose(cost, [[0, 0.95], [0.9, 0.2], [0.75, 0.6]])
    assert pairs == (0, 1)
    assert pair_up(distance, overlap, limit=0.1)[1] == (0, None)


def test_a_pair_over_the_limit_displaces_none_under_it():
    # the least total would take (0, 1) and (1, 0), of .6 and .1; only (1, 0) may be a pair, and so may (0, 0)
    cost = np.array([[0.45, 0.6], [0.1, 0.9]])
    _, pairs = pair_up(2 * cost - 1 + 0.5, np.full((2, 2), 0.5), limit=0.5)
    assert pairs == (1, None)


def test_the_same_people_keep_id_and_name_whatever_the_order(former, planted, words, settings):
    frame, _ = planted
    changed = frame.sample(frac=1, random_state=3)
    again = personas.fit(changed, settings(), words, seed=5, former=former)
    assert again.ids == former.ids
    assert again.names == former.names
    assert moved_by_refit(former, again, frame) < 0.01
    assert set(again.matching.verdicts(again.ids, again.names)["verdict"]) == {"kept"}


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_a_persona_that_comes_gets_a_new_id_and_one_that_goes_is_said_to_be_gone(planted, words, settings, method):
    frame, kind = planted
    two = personas.fit(frame[kind != 1], settings(method, 2), words, seed=0)
    three = personas.fit(frame, settings(method, 3), words, seed=0, former=two)
    assert (three.ids, three.next_id) == ((0, 1, 2), 3)
    assert len(set(three.names)) == 3
    verdicts = three.matching.verdicts(three.ids, three.names)
    assert verdicts["verdict"].tolist() == ["kept", "kept", "new"]
    assert three.positions(frame[kind == 1]).mean() > 1.9
    left = personas.fit(frame[kind != 2], settings(method, 2), words, seed=0, former=three)
    verdicts = left.matching.verdicts(left.ids, left.names).set_index("id")
    gone = set(three.ids) - set(left.ids)
    assert len(gone) == 1
    assert verdicts.loc[list(gone), "verdict"].tolist() == ["vanished"]
    assert verdicts.loc[list(gone), "name"].tolist() == [three.names[three.ids.index(min(gone))]]
    back = personas.fit(frame, settings(method, 3), words, seed=0, former=left)
    assert set(back.ids) == {*left.ids, 3}  # the number of the vanished is not used again
    assert set(back.names).isdisjoint(verdicts.loc[list(gone), "name"]) or method == "gmm"


def test_a_refit_starts_from_where_the_former_personas_stand(former, planted, words, settings):
    """On one sheet of noise k clusters can lie anywhere; the refit lies where the former ones do."""
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.lognormal(size=(2000, 2)), columns=["orders", "value"])
    config = settings(k=4, allow_unstable=True)
    first = personas.fit(noise.head(1000), config, words, seed=0)
    again = personas.fit(noise, config, words, seed=1, former=first)
    fresh = personas.fit(noise, config, words, seed=1)
    kept, lost = (adjusted_rand_score(first.positions(noise), one.positions(noise)) for one in (again, fresh))
    assert kept > 0.8
    assert kept >= lost


def test_another_solution_is_taken_where_it_is_clearly_better(former, planted, words, settings):
    frame, kind = planted
    wrong = replace(former, order=former.order, clusters=_misplaced(former))
    again = personas.fit(frame, settings(), words, seed=0, former=wrong)
    assert adjusted_rand_score(kind, again.positions(frame)) > 0.9


def _misplaced(fitted: personas.PersonaModel):
    """KMeans with two centres in one kind of customers and one between the others: a local optimum."""
    first, second, third = fitted.clusters.centres
    return replace(fitted.clusters, centres=np.vstack([first + 0.05, first - 0.05, (second + third) / 2]))


def test_former_personas_that_read_other_features_are_refused_in_a_line(former, planted, words, settings):
    with pytest.raises(FitError, match="the former personas read value, which these features lack"):
        personas.fit(planted[0][["orders"]], settings(features={"orders": True}), words, seed=0, former=former)


def test_matching_comes_back_from_json_as_it_was(former, planted):
    matching = personas.match(former, former, planted[0], limit=0.5)
    again = Matching.of(json.loads(json.dumps(matching.state())))
    pd.testing.assert_frame_equal(again.costs(former.ids, former.names), matching.costs(former.ids, former.names))
    assert again.former == (0, 1, 2)
    assert np.diag(again.match_cost).max() < 1e-3
