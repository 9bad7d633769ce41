"""The fit: planted groups, copies of features, outliers, samples, and one line for each wrong argument."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from patronage import names as c
from patronage.errors import ConfigError, FitError
from patronage.lenses.lens import Feature
from patronage.models import personas
from patronage.models.personas.fit import draw_sample

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_planted_groups_and_their_number_are_recovered(planted, fit, method):
    frame, kind = planted
    model = fit(frame, method, "auto", k_range=[2, 5], bootstraps=6)
    predicted = model.predict(frame)
    assert (model.k, model.choice.stable) == (3, True)
    assert adjusted_rand_score(kind, predicted[c.PERSONA_ID]) > 0.8
    assert ((predicted[c.PERSONA_PROBABILITY] >= 1 / 3) & (predicted[c.PERSONA_PROBABILITY] <= 1)).all()
    assert (predicted[c.PERSONA_RUNNER_UP] != predicted[c.PERSONA]).all()


def test_ids_run_from_the_most_orders_to_the_fewest_and_names_fit(planted, fit):
    frame, kind = planted
    model = fit(frame)
    means = frame["orders"].groupby(model.predict(frame)[c.PERSONA_ID]).mean()
    assert means.is_monotonic_decreasing
    assert model.names[0].startswith("frequent")
    assert pd.Series(model.predict(frame[kind == 2])[c.PERSONA]).mode()[0].endswith("big-basket")


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_a_copy_of_a_feature_has_no_vote_of_its_own(planted, fit, method):
    frame, _ = planted
    single = fit(frame, method).predict(frame)
    doubled = frame.assign(again=frame["orders"])
    double = fit(doubled, method, features={"orders": True, "value": True, "again": True}).predict(doubled)
    np.testing.assert_array_equal(double[c.PERSONA_ID], single[c.PERSONA_ID])
    np.testing.assert_allclose(double[c.PERSONA_PROBABILITY], single[c.PERSONA_PROBABILITY], atol=1e-6)


def test_an_outlier_moves_no_other_customer(planted, fit):
    frame, _ = planted
    spoilt = frame.copy()
    spoilt.iloc[0] = [1e9, 1e9, 1e9]
    before, after = (fit(each).predict(frame)[c.PERSONA_ID] for each in (frame, spoilt))
    assert adjusted_rand_score(before, after) > 0.98


def test_all_customers_are_assigned_by_a_fit_on_a_sample(planted, fit):
    frame, kind = planted
    model = fit(frame, fit_sample=400)
    assert adjusted_rand_score(kind, model.predict(frame)[c.PERSONA_ID]) > 0.9


@pytest.mark.parametrize(("least", "n"), [(0, 300), (5, 200), (6, 100)])
def test_customers_with_too_few_active_days_are_not_in_the_fit(planted, settings, words, least, n):
    frame = planted[0].head(300).assign(**{c.ACTIVE_DAYS: np.repeat([4, 5, 6], 100)})
    sample = draw_sample(frame, settings(min_active_days=least), seed=0, descriptions=words)
    assert len(sample.features) == n


def noise(rows: int = 1000) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).lognormal(size=(rows, 2)), columns=["orders", "value"])


def test_an_unstable_number_is_refused_with_its_figures_unless_allowed(fit):
    message = r"personas.k=7 is not stable: bootstrap ARI 0\.\d\d\d, expected 0.85.*allow_unstable=true"
    with pytest.raises(FitError, match=message):
        fit(noise(), k=7)
    assert not fit(noise(), k=7, allow_unstable=True).choice.stable
    assert not fit(noise(), k="auto", k_range=[6, 7]).choice.stable


def test_the_agreement_may_be_on_the_border(planted, fit):
    ari = fit(planted[0]).choice.taken.ari
    assert fit(planted[0], stable_ari=ari).choice.stable
    with pytest.raises(FitError, match="is not stable: bootstrap ARI"):
        fit(planted[0], stable_ari=float(np.nextafter(ari, 2)))


def test_wrong_arguments_get_one_line(planted, fit, settings):
    frame = planted[0].head(50)
    with pytest.raises(ConfigError, match=r"no numeric feature nor label nonsense; expected orders, value, gap"):
        fit(frame, features={"nonsense": True})
    text = {"gap": Feature("gap", text=True)}
    with pytest.raises(ConfigError, match="no numeric feature nor label gap"):
        personas.fit(frame, settings(features={"gap": True}), seed=0, descriptions=text)
    with pytest.raises(ConfigError, match="is chosen that differs"):
        fit(frame.assign(orders=1.0, value=1.0))
    few = frame.assign(orders=np.arange(50) % 2, value=1.0)
    with pytest.raises(FitError, match=r"personas.k=3 with 2 different customers"):
        fit(few, winsorise=0.0)


def test_auto_takes_no_more_personas_than_there_are_different_customers(planted, fit):
    few = planted[0].head(50).assign(orders=np.arange(50) % 2, value=1.0)
    assert fit(few, k="auto", winsorise=0.0).k == 2
