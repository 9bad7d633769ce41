from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from patronage.models.personas.choice import Candidate, agreements, best_jaccards, choose, judge


def kinds(n: int = 900, centres: tuple[float, ...] = (0, 8, 16, 24)) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.column_stack([rng.choice(centres, n) + rng.normal(size=n), rng.normal(size=n)])


def test_jaccard_by_hand():
    reference = np.array([0, 0, 0, 1, 1, 2])
    other = np.array([1, 1, 0, 0, 0, 2])
    # cluster 0 meets 1 in 2 of 3; cluster 1 meets 0 in 2 of 3; cluster 2 meets 2 in 1 of 1
    assert best_jaccards(reference, other, 3) == pytest.approx([2 / 3, 2 / 3, 1])


def test_agreement_is_1_for_the_same_clusters_under_other_numbers():
    assert agreements([np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([0, 0, 1])]) == pytest.approx([1, 1])


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_the_planted_number_is_chosen(settings, method):
    choice = choose(kinds(), [3, 4, 5], settings(method, "auto", bootstraps=8), seed=0, former_k=None)
    assert (choice.k, choice.stable) == (4, True)
    assert choice.table()["taken"].tolist() == [False, True, False]
    assert choice.table()["bic"].isna().all() == (method == "kmeans")


def test_without_kinds_nothing_is_stable(settings):
    points = np.random.default_rng(0).normal(size=(800, 5))
    choice = choose(points, [3, 4], settings(k="auto", bootstraps=8), seed=0, former_k=None)
    assert not choice.stable
    assert "bootstrap ARI" in choice.taken.against
    assert choice.k == max(choice.grid, key=lambda one: one.ari).k


def test_a_persona_of_too_few_is_refused(settings):
    points = np.vstack([kinds(800, (0, 8)), [[80, 0]] * 8])
    assert "smallest persona 1.0%, expected 2.0%" in judge(points, 3, settings(), seed=0).against
    assert judge(points, 3, settings(min_share=0.005), seed=0).against == ""


def test_a_former_number_is_kept_while_it_is_stable(settings):
    points = kinds(900, (0, 8, 100, 108))  # two pairs: 2 has the better silhouette, 4 is stable as well
    config = settings(k="auto")
    assert choose(points, [2, 4], config, seed=0, former_k=None).k == 2
    assert choose(points, [2, 4], config, seed=0, former_k=4).k == 4
    assert choose(points, [2, 4], config, seed=0, former_k=3).k == 2


def test_the_criterion_decides_among_the_stable_and_agreement_where_it_cannot(settings, monkeypatch):
    def row(k: int, ari: float, silhouette: float) -> Candidate:
        return Candidate(k, ari, 0.01, 0.9, 0.1, silhouette, None, "")

    rows = {3: row(3, 0.95, 0.400), 4: row(4, 0.90, 0.409), 5: row(5, 0.99, 0.3)}
    monkeypatch.setattr("patronage.models.personas.choice.judge", lambda points, k, config, seed: rows[k])
    assert choose(np.zeros((9, 2)), [3, 4, 5], settings(), seed=0, former_k=None).k == 3
    rows[4] = row(4, 0.90, 0.42)
    assert choose(np.zeros((9, 2)), [3, 4, 5], settings(), seed=0, former_k=None).k == 4


def test_the_silhouette_is_scikit_learns(settings):
    points = kinds(500, (0, 8))
    found = judge(points, 2, settings(bootstrap_sample=500), seed=0)
    assert found.silhouette == pytest.approx(silhouette_score(points, points[:, 0] > 4), abs=1e-6)
