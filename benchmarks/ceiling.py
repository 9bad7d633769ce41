"""Print what trees could reach on each cell of forecasts.py if they were shown the very labels they are measured by.

    python benchmarks/ceiling.py cdnow
    python benchmarks/ceiling.py complete_journey
    python benchmarks/ceiling.py online_retail data.transactions.path=online_retail_ii.parquet

LightGBM starts from what is shipped, reads every numeric feature and the laws' predictions, and learns from the cell's
own customers what they did in the cell's own window; each customer is predicted by trees that did not see that one. So
it knows the level, the season and the year that no forecast can know: what it cannot reach, these features do not tell.
"""

from __future__ import annotations

import sys

import lightgbm
import numpy as np
import pandas as pd
from forecasts import RATIOS, cells
from scipy.special import expit, logit
from sklearn.model_selection import KFold

from patronage import statistics
from patronage.evaluation import backtest
from patronage.typing import Array

FOLDS, SEEDS, ROUNDS, PATIENCE = 10, 2, 1500, 80
TREES = {
    "learning_rate": 0.02, "num_leaves": 8, "min_child_samples": 40, "feature_fraction": 0.3, "bagging_fraction": 0.7,
    "bagging_freq": 1, "lambda_l2": 10, "verbosity": -1, "num_threads": 1, "tweedie_variance_power": 1.5,
}  # fmt: skip


def cross_validated(features: pd.DataFrame, y_true: Array, start: Array, objective: str) -> Array:
    """(N,) predictions by trees that did not see the customer, which start from raw scores."""
    predicted = np.zeros(len(y_true))
    for seed in range(SEEDS):
        for seen, unseen in KFold(FOLDS, shuffle=True, random_state=seed).split(features):
            stopping = np.random.default_rng(seed).random(len(seen)) < 0.2
            parts = [(part, y_true[part], start[part]) for part in (seen[~stopping], seen[stopping])]
            learn, stop = (lightgbm.Dataset(features.iloc[at], y, init_score=raw) for at, y, raw in parts)
            trees = lightgbm.train(
                {**TREES, "objective": objective, "seed": seed},
                learn,
                ROUNDS,
                valid_sets=[stop],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
            )
            raw = trees.predict(features.iloc[unseen], raw_score=True) + start[unseen]
            predicted[unseen] += (expit(raw) if objective == "binary" else np.exp(raw)) / SEEDS
    return predicted


def ratios(part: backtest.BacktestHoldout) -> dict[str, tuple[float, float]]:
    """Losses over those of the best structural model: of what is shipped, and of trees that saw the labels."""
    evaluated = part.evaluated
    models = backtest._predictions(part, contractual=False)
    features = evaluated.features.select_dtypes("number").astype(float)
    for label, predictions in models.items():
        shown = (*backtest.STRUCTURAL, backtest.SHIPPED)
        features = features.assign(**{f"{label} {name}": predictions[name] for name in shown if name in predictions})
    row = {}
    for label, target in backtest.TARGETS.items():
        y_true = evaluated.labels[label].to_numpy(float)
        known = y_true == y_true
        shipped = np.asarray(models[label][backtest.SHIPPED], float)[known]
        churn = target == "churn"
        start = logit(shipped.clip(1e-4, 1 - 1e-4)) if churn else np.log(shipped.clip(1e-3))
        seen = cross_validated(features[known], y_true[known].clip(0), start, "binary" if churn else "tweedie")
        measure = statistics.classification if churn else statistics.regression
        predictions = {name: np.asarray(values, float)[known] for name, values in models[label].items()}
        table = pd.DataFrame({name: measure(y_true[known], y) for name, y in {**predictions, "seen": seen}.items()})
        for metric in (name for each, name in RATIOS if each == target):
            losses = 1 - table.loc[metric] if metric in ("roc_auc", "gini") else table.loc[metric]
            best = losses[[name for name in backtest.STRUCTURAL if name in losses]].min()
            row[f"{target}/{metric}"] = tuple(
                round(float(losses[name] / best), 3) for name in (backtest.SHIPPED, "seen")
            )
    return row


def main() -> None:
    log, *overrides = sys.argv[1:]
    for cell in cells(log, overrides):
        print(log, cell.cutoff, cell.days, ratios(cell.part), flush=True)


if __name__ == "__main__":
    main()
