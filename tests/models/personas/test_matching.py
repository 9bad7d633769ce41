"""Pairs and costs by hand, with a pair on the limit."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from patronage.models.personas.matching import PersonaMatching, pair_up


def test_pairs_and_costs_by_hand():
    distance = np.array([[0.0, 0.9], [0.8, 0.1], [0.5, 0.5]])
    overlap = np.array([[1.0, 0.0], [0.0, 0.7], [0.0, 0.3]])
    cost, pairs = pair_up(distance, overlap, limit=0.5)
    np.testing.assert_allclose(cost, [[0, 0.95], [0.9, 0.2], [0.75, 0.6]])
    assert pairs == (0, 1)
    assert pair_up(distance, overlap, limit=0.1)[1] == (0, None)


@pytest.mark.parametrize(("limit", "pairs"), [(0.5, (0,)), (0.4999, (None,))])
def test_a_pair_may_cost_the_limit(limit, pairs):
    assert pair_up(np.array([[0.5]]), np.array([[0.5]]), limit)[1] == pairs


def test_a_pair_over_the_limit_displaces_none_under_it():
    # the least total would take (0, 1) and (1, 0), of .6 and .1; only (1, 0) may be a pair, and so may (0, 0)
    cost = np.array([[0.45, 0.6], [0.1, 0.9]])
    _, pairs = pair_up(2 * cost - 1 + 0.5, np.full((2, 2), 0.5), limit=0.5)
    assert pairs == (1, None)


def test_verdicts_and_costs_by_hand_survive_json():
    half = np.full((2, 2), 0.5)
    matching = PersonaMatching((1, None), half, half, half, ("quiet", "loud"), (0, 4))
    again = PersonaMatching.of(json.loads(json.dumps(matching.state())))
    verdicts = again.verdicts((4, 5), ("loud", "new one"))
    assert verdicts[["verdict", "id", "name"]].to_numpy().tolist() == [
        ["kept", 4, "loud"], ["new", 5, "new one"], ["vanished", 0, "quiet"],
    ]  # fmt: skip
    assert verdicts["match_cost"].isna().tolist() == [False, True, True]
    costs = again.costs((4, 5), ("loud", "new one"))
    assert costs[costs["matched"]][["former_id", "id"]].to_numpy().tolist() == [[4, 4]]
    pd.testing.assert_frame_equal(costs, matching.costs((4, 5), ("loud", "new one")))
