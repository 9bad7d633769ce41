"""The targets of a run: what their models learn from."""

from __future__ import annotations

from patronage.config import TrainConfig
from patronage.config.target import chosen_acts
from patronage.lenses import described
from patronage.models.targets.act_model import ActModel
from patronage.models.targets.fit import fit_act
from patronage.training.origins import ACTS_LENS, Split, learnable
from patronage.training.steady import steady


def fit_targets(split: Split, config: TrainConfig) -> tuple[ActModel, ...]:
    """Learn each target of the configuration, of all customers who were known at the origins."""
    acts = chosen_acts(config.target)
    if not acts:
        return ()
    current, latest = split.current.features, split.training[0].features
    columns = (*learnable(current, split.lenses), *described(split.lenses, [ACTS_LENS]))
    columns = steady(current, latest, columns)
    return tuple(
        fit_act(act, split.training, columns, config.churn, horizon_days=config.horizon_days, seed=config.seed)
        for act in acts
    )
