"""Write the table of the backtests: the shipped model beside the structural model that is best in hindsight.

    patronage backtest experiment=backtest_cdnow
    patronage backtest experiment=backtest_complete_journey
    patronage backtest experiment=backtest_online_retail data.transactions.path=...
    python benchmarks/backtest.py cdnow=CDNOW.csv complete_journey=COMPLETE_JOURNEY.csv online_retail=RETAIL.csv
        the tables that those name; into backtest.md

The section "What the figures say" at the end of backtest.md is written by hand, and stays.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from patronage.jobs.backtest import HEADLINES, ratios

RESULT = Path(__file__).with_suffix(".md")
REMARKS = "## What the figures say"
TARGETS = {
    "churn/log_loss": 0.90, "1 - churn/roc_auc": 0.93, "orders/rmse": 0.95, "spend/rmse": 0.96, "1 - spend/gini": 0.90,
}  # fmt: skip
MODELS = ("rate", "recency", "mean", "past_rate", "bg_nbd", "mbg_nbd", "pareto_nbd", "btyd", "features", "offset",
          "ensemble", "law", "shipped")  # fmt: skip
HOLDOUTS = ("later_seen", "later_unseen", "same_unseen", "same_seen")


def markdown(table: pd.DataFrame) -> list[str]:
    rows = [list(map(str, table.columns)), ["---"] * table.shape[1], *table.astype(str).to_numpy().tolist()]
    return ["| " + " | ".join(row) + " |" for row in rows]


def main() -> None:
    logs = {Path(name).stem if "=" not in name else name.split("=")[0]: pd.read_csv(name.split("=")[-1])
            for name in sys.argv[1:]}  # fmt: skip
    cells = []
    for log, table in logs.items():
        by_origin = ratios(table)
        cells.append(by_origin[by_origin["origin"] != "geometric mean"].assign(log=log))
    cell = pd.concat(cells, ignore_index=True)
    names = list(TARGETS)
    mean = np.exp(np.log(cell[names]).mean())
    shown = cell[["log", "origin", *names]].round(3)
    shown.loc[len(shown)] = ["geometric mean", "", *mean.round(3)]
    shown.loc[len(shown)] = ["worst cell", "", *cell[names].max().round(3)]
    shown.loc[len(shown)] = ["target (no cell above 1)", "", *TARGETS.values()]
    lines = ["# Backtest: measured by `patronage backtest`, written by `python benchmarks/backtest.py`", ""]
    lines += [
        "Ratio of what is shipped to the structural model that is best in hindsight; all customers, later time.",
        "",
    ]
    lines += markdown(shown)
    metrics = [*HEADLINES, "churn/ece", "orders/bias_percent", "spend/bias_percent"]
    for log, table in logs.items():
        for origin, group in table.groupby("origin"):
            lines += ["", f"## {log}, {origin}", ""]
            wide = group[group["holdout"] == "later_seen"].pivot_table(index="model", columns="metric", values="value")
            wide = wide.reindex([name for name in MODELS if name in wide.index])[metrics]
            lines += markdown(wide.round(4).reset_index().astype(object).fillna(""))
            shipped = group[(group["model"] == "shipped") & group["metric"].isin(metrics)]
            lines += ["", "Shipped, on the four holdouts, and the 95 % interval of its difference to the baseline:", ""]
            texts = shipped.assign(
                text=[
                    f"{row.value:.4g}" + (f" [{row.low:+.3g}, {row.high:+.3g}]" if np.isfinite(row.low) else "")
                    for row in shipped.itertuples()
                ]
            )
            wide = texts.set_index(["metric", "holdout"])["text"].unstack()  # noqa: PD010
            lines += markdown(wide.reindex(metrics)[list(HOLDOUTS)].reset_index().fillna(""))
    before = RESULT.read_text() if RESULT.is_file() else ""
    remarks = before[before.index(REMARKS) :] if REMARKS in before else f"{REMARKS}\n"
    RESULT.write_text("\n".join([*lines, "", remarks]))


if __name__ == "__main__":
    main()
