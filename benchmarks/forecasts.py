"""Print what is shipped beside the best structural model, P(order) by horizon, and coverage: the table of forecasts.md.

    python benchmarks/forecasts.py cdnow
    python benchmarks/forecasts.py complete_journey
    python benchmarks/forecasts.py online_retail data.transactions.path=online_retail_ii.parquet

All customers who had bought, later time, one fit per cell. Further words are overrides of `patronage train`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import pandas as pd

from patronage import data, statistics
from patronage import names as c
from patronage.config import TrainConfig
from patronage.data import Tables
from patronage.engine import DuckDB
from patronage.evaluation import backtest
from patronage.evaluation.coverage import evaluate_intervals
from patronage.evaluation.horizons import check_horizons
from patronage.evaluation.totals import evaluate_totals, personas_at
from patronage.jobs.compose import settings
from patronage.labels import buyers, first_order_days
from patronage.models.btyd.fit import FitCache
from patronage.training.forecast import fit_forecast
from patronage.training.origins import Holdout, measured_at

CELLS = {
    "cdnow": {"1997-10-01": (270,), "1998-01-01": (180,), "1998-04-01": (90,)},
    "complete_journey": {"2017-07-01": (182,), "2017-10-01": (91,)},
    "online_retail": {"2011-03-10": (91, 182), "2011-06-09": (91,)},
}
RATIOS = (("churn", "log_loss"), ("churn", "roc_auc"), (c.ORDERS, "rmse"), (c.SPEND, "rmse"), (c.SPEND, "gini"))


def ratios(part: backtest.BacktestHoldout) -> dict[str, float]:
    """Shipped over the best structural model in hindsight; of what is better higher, of its distance to 1."""
    tables = {}
    for label, target in backtest.TARGETS.items():
        y_true = part.evaluated.labels[label].to_numpy(float)
        known = y_true == y_true
        measure = statistics.classification if target == "churn" else statistics.regression
        predictions = backtest._predictions(part, contractual=False)[label]
        tables[target] = pd.DataFrame({name: measure(y_true[known], y[known]) for name, y in predictions.items()})
    row = {}
    for target, name in RATIOS:
        values = tables[target].loc[name]
        losses = 1 - values if name in ("roc_auc", "gini") else values
        row[f"{target}/{name}"] = losses[backtest.SHIPPED] / losses[list(backtest.STRUCTURAL)].min()
    row["churn/ece"] = tables["churn"].loc["ece", backtest.SHIPPED]
    return row | {f"{name}/bias": tables[name].loc["bias_percent", backtest.SHIPPED] for name in (c.ORDERS, c.SPEND)}


class Cell(NamedTuple):
    """A cutoff and a horizon of a log, with what was forecast there and what came."""

    cutoff: str
    days: int
    config: TrainConfig
    tables: Tables
    holdout: Holdout
    part: backtest.BacktestHoldout


def cells(log: str, overrides: list[str]) -> Iterator[Cell]:
    """Each cell of a log, fitted with the default settings but for the overrides."""
    tables = None
    for cutoff, horizons in CELLS[log].items():
        for days in horizons:
            config = settings("train", [f"data={log}", *overrides, f"cutoff={cutoff}", f"horizon_days={days}"])
            tables = tables or data.load(DuckDB(threads=1), config.data)
            holdout, fits = measured_at(tables, datetime.fromisoformat(cutoff), config), FitCache()
            forecast, evaluated = fit_forecast(holdout.split, config, fits), buyers(holdout.evaluated)
            laws = backtest._structural_laws(holdout.split.current, fits)
            part = backtest.BacktestHoldout(backtest.LATER, forecast, laws, holdout.split.training, evaluated)
            yield Cell(cutoff, days, config, tables, holdout, part)


def main() -> None:
    log, *overrides = sys.argv[1:]
    for cutoff, days, config, tables, holdout, part in cells(log, overrides):
        forecast, evaluated = part.forecast, part.evaluated
        print(log, cutoff, days, {name: round(float(value), 3) for name, value in ratios(part).items()})
        inputs, multiplier, alive = forecast.law_inputs(evaluated.features)
        shipped = forecast.predict(evaluated.features)
        spend = pd.DataFrame({name: shipped[name] for name in (c.EXPECTED_SPEND, c.EXPECTED_ORDERS)})
        spend = spend.set_axis(evaluated.features.index).assign(**{c.SPEND: evaluated.labels[c.SPEND]})
        orders = evaluated.labels[c.ORDERS]
        intervals = evaluate_intervals(forecast.clv, inputs, orders, multiplier, alive, spend)
        personas = personas_at(holdout.split, config, evaluated.features)
        intervals |= evaluate_totals(forecast, evaluated, spend, personas)
        print({name: round(value, 3) for name, value in intervals.items()}, flush=True)
        first = first_order_days(tables, holdout.evaluated.cutoff, days, evaluated.features.index).to_numpy(float)
        check = check_horizons(
            forecast.ahead(evaluated.features), evaluated.features[c.FREQUENCY].to_numpy(float), first, days
        )
        print(check.horizons.round(3).to_string(index=False), check.next_order.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
