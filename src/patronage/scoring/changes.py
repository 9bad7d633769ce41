"""What moved since the last scoring, and what drifted since training."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from patronage import names as c
from patronage.config.score import FAIL, DriftConfig, LimitConfig
from patronage.data import Tables
from patronage.engine import DuckDB, text
from patronage.errors import DataError
from patronage.models.reference import Reference
from patronage.scoring.target import OutputTarget
from patronage.scoring.work import Work

WATCHED = (c.JOURNEY_STAGE, c.PERSONA)
NEW, GONE = "(new)", "(gone)"


@dataclass(frozen=True)
class Verdict:
    """Findings in words; the fatal ones forbid the result."""

    warnings: tuple[str, ...]
    fatal: tuple[str, ...]


def check_form(reference: Reference | None, tables: Tables, config: DriftConfig) -> Verdict:
    """Hold the form of the log against that of training, before anything is computed."""
    if reference is None:
        return Verdict(("the model has no reference of its training data: drift is not measured",), ())
    gone = [
        f"{table}.{name}"
        for table, names in reference.tables.items()
        for name in names
        if name not in tables.present.get(table, ())
    ]
    lines = [f"{', '.join(gone)}: there at training, gone now (drift.columns_gone)"] if gone else []
    verdict = _sorted([(line, config.columns_gone) for line in lines])
    new = sorted(set(tables.events) - set(reference.events)) if "events" in reference.tables else []
    if new:
        return Verdict((*verdict.warnings, f"events that training did not see: {', '.join(new[:5])}"), verdict.fatal)
    return verdict


def judge_drift(drift: pd.DataFrame, config: DriftConfig) -> Verdict:
    """Hold the drift table against the thresholds."""
    rise = drift["missing"] - drift["missing_before"]
    findings = [
        *_over("psi", drift[drift["psi"] > drift["chance"]].set_index("column")["psi"], config.psi),
        *_over("unseen", drift.set_index("column")["unseen"], config.unseen),
        *_over("missing", rise.set_axis(drift["column"]), config.missing),
    ]
    return _sorted(findings)


def _over(what: str, values: pd.Series, limit: LimitConfig) -> list[tuple[str, str]]:
    over = values[values > limit.above].sort_values(ascending=False, kind="stable")
    if over.empty:
        return []
    named = ", ".join(f"{name} {value:.2f}" for name, value in over.head(3).items())
    more = f" and {len(over) - 3} more" if len(over) > 3 else ""
    return [(f"{what} above {limit.above:g} in {named}{more} (drift.{what})", limit.then)]


def _sorted(findings: list[tuple[str, str]]) -> Verdict:
    return Verdict(
        tuple(line for line, then in findings if then != FAIL), tuple(line for line, then in findings if then == FAIL)
    )


def movements(engine: DuckDB, work: Work, old: OutputTarget, model_version: str) -> pd.DataFrame | None:
    """The number of customers by their stage or persona in an earlier result of the same model, and in this one.

    Returns
    -------
    DataFrame or None
        `what` (stage or persona), `before`, `after`, `customers`; None where the earlier result no longer exists.
    """
    if not old.exists:
        return None
    after = engine.parquet([str(path) for path in work.files])
    try:
        before = old.relation(engine)
        (different,) = engine.row(
            f"SELECT count(*) FILTER (WHERE model_version <> {text(model_version)}) FROM {before}"
        )
        if different:
            return None
        return pd.concat([_moved(engine, before, after, name) for name in WATCHED], ignore_index=True)
    except engine.failure:
        return None


def _moved(engine: DuckDB, before: str, after: str, name: str) -> pd.DataFrame:
    return engine.frame(
        f"SELECT {text(name)} AS what, coalesce(b.{name}, {text(NEW)}) AS before, "
        f"coalesce(a.{name}, {text(GONE)}) AS after, count(*) AS customers "
        f"FROM (SELECT customer_id, {name} FROM {before}) AS b "
        f"FULL JOIN (SELECT customer_id, {name} FROM {after}) AS a ON a.customer_id = b.customer_id "
        "GROUP BY ALL ORDER BY customers DESC, before, after"
    )


def count_customers(work: Work, engine: DuckDB, source: str) -> int:
    """The number of customers in a result.

    Raises
    ------
    DataError
        There is none: the data or the cutoff is wrong.
    """
    if not work.files:
        raise DataError(f"{source}: no customer is known before the cutoff; give a later cutoff, or more of the log")
    (customers,) = engine.row(f"SELECT count(*) FROM {engine.parquet([str(path) for path in work.files])}")
    return int(customers)
