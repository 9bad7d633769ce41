"""The number of personas: figures by hand, borders, and the choice among the stable numbers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from patronage.config import PersonasConfig
from patronage.models.personas.choice import (
    LaterOutcomes,
    PersonaCandidate,
    PersonaChoice,
    assess,
    assess_k,
    best_jaccards,
    choose_k,
    consecutive_ari,
    weaknesses,
)

SETTINGS = PersonasConfig()


def groups(n: int = 900, centres: tuple[float, ...] = (0, 8, 16, 24)) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.column_stack([rng.choice(centres, n) + rng.normal(size=n), rng.normal(size=n)])


def candidate(
    k: int, ari: float = 0.9, *, silhouette: float = 0.4, bic: float | None = None, **row
) -> PersonaCandidate:
    smallest, against, error = row.get("smallest", 0.1), row.get("against", ""), row.get("error", 0.01)
    told = row.get("tells"), 0.01, row.get("twins", ""), row.get("goods"), row.get("goods_error")
    return PersonaCandidate(k, ari, error, 0.9, smallest, silhouette, bic, against, *told)


def test_jaccard_by_hand():
    reference = np.array([0, 0, 0, 1, 1, 2])
    other = np.array([1, 1, 0, 0, 0, 2])
    # cluster 0 meets 1 in 2 of 3; cluster 1 meets 0 in 2 of 3; cluster 2 meets 2 in 1 of 1
    assert best_jaccards(reference, other, 3) == pytest.approx([2 / 3, 2 / 3, 1])


def test_agreement_is_1_for_the_same_clusters_under_other_numbers():
    refits = [np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([0, 0, 1])]
    assert consecutive_ari(refits) == pytest.approx([1, 1])


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_the_planted_number_is_chosen(settings, method):
    config = settings(method, "auto", bootstraps=8)
    grid = assess(groups(), [3, 4, 5], config, seed=0)
    choice = PersonaChoice(grid, choose_k(grid, config))
    assert (choice.k, choice.stable) == (4, True)
    assert choice.table()["taken"].tolist() == [False, True, False]
    assert choice.table()["bic"].isna().all() == (method == "kmeans")


@pytest.mark.slow
def test_without_groups_no_number_is_stable(settings):
    config = settings(k="auto", bootstraps=8)
    points = np.random.default_rng(0).normal(size=(800, 5))
    grid = assess(points, [3, 4], config, seed=0)
    choice = PersonaChoice(grid, choose_k(grid, config))
    assert not choice.stable
    assert "bootstrap ARI" in choice.taken.against
    assert choice.k == max(grid, key=lambda each: each.ari).k


@pytest.mark.parametrize(
    ("ari", "jaccard", "smallest", "against"),
    [
        (0.85, 0.75, 0.02, ""),  # on the borders
        (0.8499, 0.75, 0.02, "bootstrap ARI 0.850, expected 0.85"),
        (0.85, 0.7499, 0.02, "least Jaccard 0.750, expected 0.75"),
        (0.85, 0.75, 0.0199, "smallest persona 2.0%, expected 2.0%"),
        (0.5, 0.5, 0.02, "bootstrap ARI 0.500, expected 0.85; least Jaccard 0.500, expected 0.75"),
    ],
)
def test_a_number_is_stable_on_the_borders(settings, ari, jaccard, smallest, against):
    config = settings(stable_ari=0.85, stable_jaccard=0.75, min_share=0.02)
    assert weaknesses(ari, jaccard, smallest, config) == against


def test_a_persona_with_few_customers_is_refused(settings):
    points = np.vstack([groups(800, (0, 8)), [[80, 0]] * 8])
    assert "smallest persona 1.0%, expected 2.0%" in assess_k(points, 3, settings(), seed=0).against
    assert assess_k(points, 3, settings(min_share=0.005), seed=0).against == ""


class TestChooseK:
    def test_the_criterion_decides(self):
        assert (
            choose_k(
                [candidate(3, 0.95), candidate(4, 0.9, silhouette=0.42), candidate(5, 0.99, silhouette=0.3)], SETTINGS
            )
            == 4
        )

    def test_agreement_decides_between_nearly_equal_silhouettes(self):
        near = [candidate(3, 0.95, silhouette=0.25), candidate(4, 0.9, silhouette=0.2578125)]
        assert choose_k(near, SETTINGS) == 3
        far = [candidate(3, 0.95, silhouette=0.25), candidate(4, 0.9, silhouette=0.2656250)]
        assert choose_k(far, SETTINGS) == 4

    def test_a_bic_ten_better_decides_by_agreement_and_a_greater_difference_by_bic(self):
        assert choose_k([candidate(3, 0.95, bic=110.0), candidate(4, 0.9, bic=100.0)], SETTINGS) == 3
        assert choose_k([candidate(3, 0.95, bic=110.5), candidate(4, 0.9, bic=100.0)], SETTINGS) == 4

    def test_a_number_that_is_stable_within_its_error_only_is_no_choice(self):
        grid = [candidate(4, 0.971, silhouette=0.30), candidate(5, 0.859, silhouette=0.314, error=0.07)]
        assert choose_k(grid, SETTINGS) == 4
        assert choose_k(grid[1:], SETTINGS) == 5  # there is no surer one
        barely = [candidate(5, 0.936, tells=0.176), candidate(6, 0.879, tells=0.189, error=0.022)]
        assert choose_k(barely, SETTINGS) == 5  # two standard errors reach below the limit

    def test_what_they_tell_decides_and_then_the_fewest_personas(self):
        grid = [candidate(3, 0.99, tells=0.20), candidate(4, 0.94, tells=0.245), candidate(5, 0.95, tells=0.25)]
        assert choose_k(grid, SETTINGS) == 4  # within the error of the best, .01
        assert choose_k([grid[0], grid[2]], SETTINGS) == 5

    def test_of_those_that_tell_as_much_a_clearly_more_stable_one_is_taken(self):
        clearly = [candidate(4, 0.9, tells=0.25), candidate(5, 0.991, tells=0.25)]
        assert choose_k(clearly, PersonasConfig()) == 5
        within_the_error = [candidate(4, 0.97, tells=0.25), candidate(5, 0.991, tells=0.25)]
        assert choose_k(within_the_error, PersonasConfig()) == 4

    def test_agreements_within_a_hundredth_are_alike_however_small_their_errors(self):
        grid = [candidate(4, 0.99, tells=0.006, goods=0.37, error=0.0007),
                candidate(5, 0.981, tells=0.007, goods=0.44, error=0.0009)]  # fmt: skip
        assert choose_k(grid, SETTINGS) == 5
        assert choose_k([candidate(4, 0.992, tells=0.006, goods=0.37, error=0.0007), grid[1]], SETTINGS) == 4

    def test_where_none_tells_anything_the_best_agreement_decides(self):
        grid = [candidate(4, 0.959, tells=0.003, error=0.021), candidate(5, 0.99, tells=0.007, error=0.001)]
        assert choose_k(grid, SETTINGS) == 5
        telling = [candidate(4, 0.959, tells=0.103, error=0.021), candidate(5, 0.99, tells=0.107, error=0.001)]
        assert choose_k(telling, SETTINGS) == 4

    def test_of_those_that_agree_as_well_the_fewest_that_tell_nine_tenths_of_the_goods_are_taken(self):
        grid = [candidate(4, tells=0.25, goods=0.38), candidate(5, tells=0.25, goods=0.45),
                candidate(6, tells=0.25, goods=0.49)]  # fmt: skip
        assert choose_k(grid, SETTINGS) == 5
        assert choose_k([candidate(4, tells=0.25, goods=0.45), *grid[1:]], SETTINGS) == 4
        less_stable = [*grid[:2], candidate(6, 0.87, tells=0.25, goods=0.6)]
        assert choose_k(less_stable, SETTINGS) == 5  # the goods choose among those that agree as well
        tells_less = [candidate(4, tells=0.25, goods=0.3), candidate(5, tells=0.2, goods=0.45)]
        assert choose_k(tells_less, SETTINGS) == 4  # and among those that tell as much of orders and spend

    def test_goods_that_are_told_better_within_two_errors_alone_take_no_more_personas(self):
        grid = [candidate(5, tells=0.18, goods=0.034), candidate(8, tells=0.18, goods=0.046, goods_error=0.006)]
        assert choose_k(grid, SETTINGS) == 5
        assert choose_k([candidate(5, tells=0.18, goods=0.0339), grid[1]], SETTINGS) == 8

    def test_personas_of_taste_alone_are_chosen_by_agreement_and_goods(self):
        grid = [candidate(4, 0.990, tells=0.006, goods=0.37, error=0.001),
                candidate(5, 0.990, tells=0.009, goods=0.44, error=0.001),
                candidate(7, 0.941, tells=0.012, goods=0.48, error=0.006)]  # fmt: skip
        assert choose_k(grid, SETTINGS) == 5

    def test_without_a_stable_number_agreement_decides_among_those_without_a_small_persona(self):
        grid = [
            candidate(3, 0.6, smallest=0.02, against="ARI"),
            candidate(4, 0.5, smallest=0.3, against="ARI"),
            candidate(5, 0.8, smallest=0.01, against="small"),
        ]
        assert choose_k(grid, PersonasConfig(min_share=0.02)) == 3
        assert choose_k(grid, PersonasConfig(min_share=0.021)) == 4
        assert choose_k(grid, PersonasConfig(min_share=0.4)) == 5


def test_how_much_and_the_goods_are_told_of_those_who_are_known(settings):
    points = groups(900, (0, 8))
    kind = points[:, 0] > 4
    how_much = np.column_stack([kind, np.random.default_rng(1).permutation(kind)]).astype(float)
    goods = np.column_stack([kind, ~kind]).astype(float)
    goods[:300] = np.nan  # who bought too little
    told = assess_k(points, 2, settings(), seed=0, later=LaterOutcomes(points, how_much, goods))
    assert told.tells == pytest.approx(0.5, abs=0.01)  # one outcome wholly, the other not at all
    assert told.tells_goods == pytest.approx(1.0)
    without = assess_k(points, 2, settings(), seed=0, later=LaterOutcomes(points, how_much))
    assert (without.tells, without.tells_goods) == (told.tells, None)


def test_the_silhouette_is_that_of_scikit_learn(settings):
    points = groups(500, (0, 8))
    assessed = assess_k(points, 2, settings(bootstrap_sample=500), seed=0)
    assert assessed.silhouette == pytest.approx(silhouette_score(points, points[:, 0] > 4), abs=1e-6)


def test_personas_that_read_alike_are_taken_only_where_all_stable_numbers_have_some():
    five, four = candidate(5, tells=0.3, twins="one-time, lapsed"), candidate(4, tells=0.2)
    assert choose_k([four, five], SETTINGS) == 4
    assert choose_k([candidate(4, tells=0.2, against="x"), five], SETTINGS) == 5
    assert choose_k([candidate(4, tells=0.2, twins="recent"), five], SETTINGS) == 5
