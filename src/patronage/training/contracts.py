"""What the model of contracts learns from: the contracts that ran at earlier origins."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import logit

from patronage import names as c
from patronage.config import TrainConfig
from patronage.models.contracts.contract_model import ContractModel, ContractValue
from patronage.models.contracts.renewals import RenewalLaw, runs
from patronage.models.ensemble.boosting import BinnedData, boost, fit_task, stack
from patronage.models.ensemble.fitting import sample_rows
from patronage.models.ensemble.target import CHURN, RATE_FLOOR
from patronage.models.targets.fit import calibrate
from patronage.statistics import clip_probability
from patronage.training.origins import Split, learnable
from patronage.training.steady import steady


def fit_contracts_of(split: Split, config: TrainConfig) -> ContractModel | None:
    """Learn the law of renewals and what improves on it; None where churn is no end of a contract.

    Raises
    ------
    FitError
        No contract was paid twice, so that no renewal is known.
    """
    if not config.churn.contractual:
        return None
    snapshots = [
        snapshot.select(pd.Series(runs(snapshot.features), snapshot.features.index)) for snapshot in split.training
    ]
    law = RenewalLaw.fit(snapshots)
    columns = steady(split.current.features, snapshots[0].features, learnable(split.current.features, split.lenses))
    churn, seed = config.churn, config.seed
    rows = sample_rows(stack(snapshots, churn.validation_share, seed), churn.fit_sample, seed)
    rows = rows.select(CHURN.is_known(rows.labels).to_numpy())
    start = logit(clip_probability(law.p_cancel(rows.features, split.window_days), RATE_FLOOR))
    data = BinnedData(rows, columns, churn, seed)
    task = fit_task(CHURN, rows, data.binned(data.encoding), start)
    boosted = boost(task, rows, churn, seed)
    y_true = CHURN.y_true(rows.labels)
    level, slope = calibrate(start[rows.validation] + boosted.validation, y_true[rows.validation])
    read = [*columns, c.DAYS_SINCE_PAYMENT]
    numbers = rows.features[[name for name in read if pd.api.types.is_numeric_dtype(rows.features[name])]]
    return ContractModel(
        law=law,
        encoding=data.encoding,
        booster=boosted.booster,
        level=level,
        slope=slope,
        window_days=split.window_days,
        horizon_days=config.horizon_days,
        usual=float(start.mean()),
        medians={name: float(value) for name, value in numbers.median().items() if np.isfinite(value)},
        value=ContractValue(
            config.clv.value_horizon_days, config.clv.discount_rate, config.clv.margin, config.clv.level
        ),
    )
