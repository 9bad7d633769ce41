"""From what may be known at a cutoff to a bundle: every model of the house, fitted."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.config.personas import AUTO
from patronage.decisions.catalogue import ActionPlan
from patronage.models import journey
from patronage.models.btyd.fit import FitCache
from patronage.models.btyd.heavy import ordinary_customers
from patronage.models.effects.learned import LearnedEffects
from patronage.models.personas import PersonaModel
from patronage.training.contracts import fit_contracts_of
from patronage.training.forecast import fit_forecast
from patronage.training.journey import calibrate
from patronage.training.journey_member import with_journey
from patronage.training.origins import Split, earlier
from patronage.training.personas import fit_personas
from patronage.training.targets import fit_targets


def fit_bundle(
    split: Split,
    config: TrainConfig,
    *,
    left_censored: bool,
    former: PersonaModel | None = None,
    fits: FitCache | None = None,
) -> Bundle:
    """Learn everything that may be known at the cutoff of the split.

    Parameters
    ----------
    former
        Personas to carry on, fitted at this cutoff or an earlier one.
    fits
        Fits of BTYD laws, which are looked up first.

    Raises
    ------
    FitError
        A model has nothing to learn from; the message says which and what to change.
    """
    features = split.current.features
    effects = None if config.actions.effects is None else LearnedEffects.load(config.actions.effects)
    fitted_lenses = lenses.fit(features, split.lenses, earlier(split.training))

    def personas() -> PersonaModel:
        return fit_personas(
            features,
            config.personas,
            seed=config.seed,
            descriptions=lenses.described(split.lenses),
            former=former,
            later=split.training[0],
            labels=fitted_lenses,
        )

    # A number of personas that is configured and not stable is refused before anything long is fitted. Otherwise
    # the forecast comes first: where nobody repeats, its message says what all of them lack.
    fixed = personas() if config.personas.k != AUTO else None
    expected = fit_forecast(split, config, fits)
    fitted_journey = fit_calibrated_journey(split, config, left_censored=left_censored)
    return Bundle(
        horizon_days=config.horizon_days,
        period_days=split.period_days,
        lenses=split.lenses,
        lens_names=tuple(
            lens.name
            for lens in lenses.of(split.lenses)
            if lens.described(split.lenses) and set(lens.features) <= set(features)
        ),
        fitted_lenses=fitted_lenses,
        personas=fixed or personas(),
        forecast=with_journey(expected, split, config, fitted_journey, fits),
        journey=fitted_journey,
        actions=plan_actions(features, config, effects),
        effects=effects,
        targets=fit_targets(split, config),
        contracts=fit_contracts_of(split, config),
    )


def plan_actions(features: pd.DataFrame, config: TrainConfig, effects: LearnedEffects | None = None) -> ActionPlan:
    """The catalogue of the configuration, with the margin of a usual order of the customers at the cutoff."""
    usual = float(features[c.MEAN_ORDER_VALUE].where(features[c.MEAN_ORDER_VALUE] > 0).median())
    margin = config.clv.margin
    plan = ActionPlan.of(config.actions, margin=margin, order_margin=margin * usual, seed=config.seed)
    return plan if effects is None else replace(plan, least=effects.least())


def fit_calibrated_journey(split: Split, config: TrainConfig, *, left_censored: bool) -> journey.JourneyModel:
    """The journey at the cutoff, calibrated where label windows of the past are as long as the horizon."""
    whole = split.training if split.window_days == config.horizon_days else ()
    return calibrate(fit_journey(split, config, left_censored), whole, seed=config.seed)


def fit_journey(split: Split, config: TrainConfig, left_censored: bool) -> journey.JourneyModel:
    """The journey of the configuration, on the paths of the customers who don't outweigh the others at the cutoff."""
    return journey.fit(
        ordinary_customers(split.current.features),
        config.journey,
        horizon_days=config.horizon_days,
        period_days=split.period_days,
        left_censored=left_censored,
        seed=config.seed,
    )
