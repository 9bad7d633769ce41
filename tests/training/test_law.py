from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.config import ClvConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd import clv
from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.earlier_origin import calibrate_intervals
from patronage.models.btyd.fit import FitCache
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.training.law import fit_clv, log_losses, rank_at, rank_laws

HORIZON = 180


def snapshot_of(law, simulate, cutoff: datetime = datetime(2024, 1, 1), size: int = 4000) -> LabelledSnapshot:
    customers = simulate(law, size, 400.0, HORIZON, np.random.default_rng(2))
    summary = {c.FREQUENCY: customers.x, c.RECENCY: customers.t_x, c.T: 400.0}
    features = pd.DataFrame(summary | {c.MONETARY_VALUE: np.where(customers.x > 0, 10.0, 0.0)})
    return LabelledSnapshot(cutoff, HORIZON, features, pd.DataFrame({c.ORDERS: customers.later.astype(float)}))


def without_repeats(snapshot: LabelledSnapshot) -> LabelledSnapshot:
    return replace(snapshot, features=snapshot.features.assign(**{c.FREQUENCY: 0, c.RECENCY: 0}))


@pytest.fixture(scope="module")
def origin(simulate) -> LabelledSnapshot:
    return snapshot_of(BgNbd(0.6, 15, 0.3, 0.5), simulate)


@pytest.fixture(scope="module")
def fits() -> FitCache:
    return FitCache()


@pytest.mark.parametrize(
    ("truth", "law"), [("pareto_nbd", ParetoNbd(0.6, 40, 0.4, 20)), ("bg_nbd", BgNbd(0.6, 15, 0.3, 0.5))]
)
@pytest.mark.slow
def test_ranks_the_true_law_first(truth, law, simulate):
    config = ClvConfig(model="auto", candidates=["mbg_nbd", "pareto_nbd", "bg_nbd"])
    first, second, _ = rank_laws([snapshot_of(law, simulate)], config)
    assert first.model == truth
    assert (first.behind, first.standard_error) == (0, 0)
    assert second.behind == pytest.approx(second.log_score - first.log_score)


def test_the_log_score_is_the_log_of_the_mass(cdnow_summary):
    """Two customers by hand, without parameter uncertainty."""
    model = clv.fit(cdnow_summary, ClvConfig(), model="bg_nbd", horizon_days=HORIZON)
    certain = replace(model, orders_fit=replace(model.orders_fit, covariance=None))
    two, orders = cdnow_summary.iloc[:2], pd.Series([0, 2])
    mass = certain.law.pmf(orders, HORIZON, *(two[name] for name in model.columns[:3]))
    np.testing.assert_allclose(log_losses(certain, two, orders), -np.log(mass), rtol=1e-9)
    (candidate,) = rank_at(lambda name: certain, ("bg_nbd",), two, orders)
    assert candidate.log_score == pytest.approx(-np.log(mass).mean(), rel=1e-9)


def test_a_law_without_a_fit_is_last_and_has_a_reason(cdnow_summary):
    model = clv.fit(cdnow_summary, ClvConfig(), model="bg_nbd", horizon_days=HORIZON)

    def fit(name):
        if name == "pareto_nbd":
            raise FitError("pareto_nbd: found no optimum")
        return model

    ranked = rank_at(fit, ("pareto_nbd", "bg_nbd", "mbg_nbd"), cdnow_summary, pd.Series(0, index=cdnow_summary.index))
    assert [candidate.model for candidate in ranked] == ["bg_nbd", "mbg_nbd", "pareto_nbd"]  # equals as named
    assert ranked[-1].refused == "pareto_nbd: found no optimum"


def test_laws_are_ranked_at_the_latest_origin_at_which_one_can_be_fitted(origin, fits, caplog):
    config = ClvConfig(model="auto", candidates=["bg_nbd", "mbg_nbd"])
    later = without_repeats(origin)
    assert rank_laws([later, origin], config, fits) == rank_laws([origin], config, fits)
    assert rank_laws([later], config, fits) == ()
    assert "no law can be fitted at an earlier origin; taking bg_nbd" in caplog.text


def test_auto_fits_the_law_that_is_ranked_first(origin, fits):
    config = ClvConfig(model="auto", candidates=["mbg_nbd", "bg_nbd"])
    model = fit_clv(origin.features, [origin], config, 90, fits)
    assert model.candidates == rank_laws([origin], config, fits)
    assert model.settings.model == model.candidates[0].model
    assert model.settings.horizon_days == 90
    assert fit_clv(origin.features, [], config, 90, fits).settings.model == "mbg_nbd"  # the first, without an origin


def test_a_configured_law_is_not_ranked(origin, fits):
    model = fit_clv(origin.features, [origin], ClvConfig(model="mbg_nbd"), 90, fits)
    assert (model.settings.model, model.candidates) == ("mbg_nbd", ())


def test_intervals_are_calibrated_at_the_latest_origin_at_which_the_law_can_be_fitted(origin, fits, caplog):
    config = ClvConfig(model="bg_nbd")
    model = fit_clv(origin.features, [without_repeats(origin), origin], config, 90, fits)
    earlier = clv.fit(origin.features, config, model="bg_nbd", horizon_days=HORIZON, fits=fits)
    expected = calibrate_intervals(model, earlier, origin.features, origin.labels[c.ORDERS])
    assert model.calibration == expected.calibration
    assert model.calibration.refused == ""
    assert "origin 2024-01-01 calibrates no intervals: bg_nbd: found 4000 customers and no repeat order" in caplog.text
    assert fit_clv(origin.features, [], config, 90, fits).calibration.refused == "no earlier origin"


@pytest.mark.slow
def test_a_covariate_is_kept_where_it_predicts_and_dropped_where_it_is_permuted(simulate):
    """Two kinds of customers; the permuted covariate has their frequencies, and tells nothing of anyone."""
    kinds = [simulate(law, 1500, 400.0, HORIZON, np.random.default_rng(seed)) for seed, law in enumerate(
        (BgNbd(0.6, 15, 0.3, 0.5), BgNbd(0.6, 60, 0.3, 0.9)))]  # fmt: skip
    x, t_x, later = (np.concatenate([getattr(kind, name) for kind in kinds]) for name in ("x", "t_x", "later"))
    channel = np.repeat(["web", "shop"], 1500)
    features = pd.DataFrame(
        {
            c.FREQUENCY: x, c.RECENCY: t_x, c.T: 400.0, c.MONETARY_VALUE: np.where(x > 0, 10.0, 0.0),
            "channel": channel, "permuted": np.random.default_rng(5).permutation(channel), "same": 1.0,
        }
    )  # fmt: skip
    snapshot = LabelledSnapshot(datetime(2024, 1, 1), HORIZON, features, pd.DataFrame({c.ORDERS: later.astype(float)}))
    config = ClvConfig(covariates=["channel", "permuted", "same"])
    model = fit_clv(features, [snapshot], config, HORIZON)
    assert [trial.included for trial in model.covariate_trials] == [True, False, False]
    assert model.effects.names == ("channel",)
    assert model.covariate_trials[2].refused.startswith("it is the same for all")
    plain = fit_clv(features, [snapshot], ClvConfig(), HORIZON)
    dropped = fit_clv(features, [snapshot], ClvConfig(covariates=["permuted"]), HORIZON)
    assert replace(dropped, covariate_trials=()) == plain
