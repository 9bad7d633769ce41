"""A refit gives the same persona its id and name; a new persona gets new ones, and a vanished one is reported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from models.personas.conftest import WORDS, configured, customers, fit
from patronage import names as c
from patronage.config.personas import ViewConfig
from patronage.errors import FitError
from patronage.evaluation.stability import moved_by_refit
from patronage.models.personas import PersonaModel
from patronage.models.personas.clusters import Clusters, improvement
from patronage.models.personas.fit import draw_sample
from patronage.training.personas import carry_on, continued, fit_personas, match


def refit(frame, former, method="kmeans", k=3, seed=0, **settings):
    return fit_personas(frame, configured(method, k, **settings), seed=seed, descriptions=WORDS, former=former)


def ids_of(model, frame):
    return model.predict(frame)[c.PERSONA_ID]


@pytest.fixture(scope="module")
def planted():
    return customers()


@pytest.fixture(scope="module")
def former(planted) -> PersonaModel:
    return fit(planted[0])


def test_without_former_personas_it_is_the_fit(planted, former):
    fresh = refit(planted[0], None)
    np.testing.assert_array_equal(fresh.probabilities(planted[0]), former.probabilities(planted[0]))
    assert fresh.matching is None


def test_the_same_personas_keep_id_and_name_whatever_the_order(former, planted):
    frame, _ = planted
    again = refit(frame.sample(frac=1, random_state=3), former, seed=5)
    assert again.ids == former.ids
    assert again.names == former.names
    assert moved_by_refit(former, again, frame) < 0.01
    assert set(again.matching.verdicts(again.ids, again.names)["verdict"]) == {"kept"}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_a_new_persona_gets_a_new_id_and_a_vanished_one_is_reported(planted, method):
    frame, kind = planted
    two = fit(frame[kind != 1], method, 2)
    three = refit(frame, two, method, 3)
    assert (three.ids, three.next_id) == ((0, 1, 2), 3)
    assert len(set(three.names)) == 3
    verdicts = three.matching.verdicts(three.ids, three.names)
    assert verdicts["verdict"].tolist() == ["kept", "kept", "new"]
    assert ids_of(three, frame[kind == 1]).mean() > 1.9
    left = refit(frame[kind != 2], three, method, 2)
    verdicts = left.matching.verdicts(left.ids, left.names).set_index("id")
    gone = set(three.ids) - set(left.ids)
    assert len(gone) == 1
    assert verdicts.loc[list(gone), "verdict"].tolist() == ["vanished"]
    assert verdicts.loc[list(gone), "name"].tolist() == [three.names[three.ids.index(min(gone))]]
    back = refit(frame, left, method, 3)
    assert set(back.ids) == {*left.ids, 3}  # the id of the vanished persona is not used again
    assert set(back.names).isdisjoint(verdicts.loc[list(gone), "name"]) or method == "gmm"


@pytest.mark.slow
def test_the_former_number_stays_while_it_is_stable(planted):
    rng = np.random.default_rng(0)
    groups = rng.choice([-108, -100, 100, 108], 900) + rng.normal(size=900)  # 2 has the best silhouette, 4 is stable
    frame = pd.DataFrame({"orders": groups, "value": rng.normal(size=900)})
    config = {"features": {"orders": True}, "winsorise": 0.0, "bootstrap_sample": 900}
    assert fit(frame, k="auto", k_range=[2, 5], **config).k == 2
    for k, expected in ((4, 4), (6, 2)):  # six are out of the range that is judged
        former = fit(frame, k=k, allow_unstable=True, **config)
        assert refit(frame, former, k="auto", k_range=[2, 5], **config).k == expected


@pytest.mark.slow
def test_a_refit_starts_from_the_positions_of_the_former_personas():
    """In one cloud without groups k clusters can lie anywhere; the refit's lie where the former ones do."""
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.lognormal(size=(2000, 2)), columns=["orders", "value"])
    first = fit(noise.head(1000), k=4, allow_unstable=True)
    again = refit(noise, first, k=4, seed=1, allow_unstable=True)
    fresh = fit(noise, k=4, seed=1, allow_unstable=True)
    continued, independent = (adjusted_rand_score(ids_of(first, noise), ids_of(each, noise)) for each in (again, fresh))
    assert continued > 0.8
    assert continued >= independent


@pytest.mark.slow
def test_the_former_personas_stay_until_a_fresh_solution_is_better_by_the_limit():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.lognormal(size=(2000, 2)), columns=["orders", "value"])
    config = configured(k=4, allow_unstable=True)
    former = misplaced(fit(noise, k=4, allow_unstable=True))
    sample = draw_sample(noise, config, seed=0, descriptions=WORDS)

    def kept_within(limit: float) -> Clusters:
        return continued(sample, 4, replace(config, keep_within=limit), former, seed=0)[1]

    as_it_is, fresh = kept_within(1.0), kept_within(-1.0)
    labels = former.clusters.nearest(sample.points)
    means = np.array([sample.points[labels == cluster].mean(axis=0) for cluster in range(4)])
    gain = 1 - inertia(fresh, sample.points) / ((sample.points - means[labels]) ** 2).sum()
    assert as_it_is is former.clusters
    assert kept_within(gain + 1e-6) is former.clusters
    refitted = kept_within(gain - 1e-6)  # from where the former personas stood
    assert refitted is not former.clusters
    gain = 1 - inertia(fresh, sample.points) / inertia(refitted, sample.points)
    np.testing.assert_array_equal(kept_within(gain + 1e-6).centres, refitted.centres)
    np.testing.assert_array_equal(kept_within(gain - 1e-6).centres, fresh.centres)
    assert not np.array_equal(refitted.centres, fresh.centres)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_more_of_the_same_customers_move_nobody(method):
    frame, _ = customers(2000, seed=4)
    former = fit(frame.head(1000), method)
    again = refit(frame, former, method)
    assert moved_by_refit(former, again, frame) == 0
    assert again.ids == former.ids


@pytest.mark.slow
def test_former_personas_that_see_other_features_or_votes_are_fitted_anew(planted, former):
    frame = planted[0].assign(again=planted[0]["orders"])
    more = refit(frame, former, features={"orders": True, "value": True, "again": True})
    assert more.columns == ("orders", "value", "again")
    views = {"first": ViewConfig(3.0, ["orders"]), "second": ViewConfig(1.0, ["value"])}
    assert refit(frame, former, views=views).preparation.weights.tolist() == [3.0, 1.0]


def inertia(clusters: Clusters, points: np.ndarray) -> float:
    return float(((points - clusters.centres[clusters.nearest(points)]) ** 2).sum())


def test_another_solution_is_taken_where_it_is_clearly_better(former, planted):
    frame, kind = planted
    again = refit(frame, misplaced(former))
    assert adjusted_rand_score(kind, ids_of(again, frame)) > 0.9


def misplaced(model: PersonaModel) -> PersonaModel:
    """KMeans with two centres in one group of customers and one between two others: a local optimum."""
    first, second, third, *rest = model.clusters.centres
    centres = np.vstack([first + 0.05, first - 0.05, (second + third) / 2, *rest])
    return replace(model, clusters=replace(model.clusters, centres=centres))


def test_the_improvement_of_kmeans_is_a_share_of_the_inertia():
    class Fitted:
        def __init__(self, inertia: float) -> None:
            self.inertia_ = inertia

    assert improvement(Fitted(98.0), Fitted(100.0)) == pytest.approx(0.02)


def test_former_personas_that_read_other_features_are_refused_in_a_line(former, planted):
    with pytest.raises(FitError, match="the former personas read value, which these features lack"):
        refit(planted[0][["orders"]], former, features={"orders": True})


def test_a_model_matches_itself_at_no_cost(former, planted):
    matching = match(former, former, planted[0], limit=0.5)
    assert matching.former == (0, 1, 2)
    assert np.diag(matching.match_cost).max() < 1e-3


def test_a_match_may_cost_the_limit(former, planted):
    frame, kind = planted
    new = fit(frame[kind != 1], k=2)
    matching = match(former, new, frame, limit=1.0)
    limit = max(float(matching.match_cost[old, j]) for j, old in enumerate(matching.former))
    assert carry_on(new, former, frame, limit).next_id == former.next_id
    assert carry_on(new, former, frame, float(np.nextafter(limit, 0))).next_id == former.next_id + 1


def test_a_saved_refit_keeps_its_matching(former, planted, tmp_path):
    again = refit(planted[0], former)
    again.save(tmp_path)
    loaded = PersonaModel.load(tmp_path)
    assert loaded.matching.former == again.matching.former
