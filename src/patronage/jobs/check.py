"""`patronage check`: hold data against the contract, and prove that own lenses see no future."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from patronage import cutoff as when
from patronage import data, lenses
from patronage import names as c
from patronage.config import CheckConfig
from patronage.data import Tables
from patronage.engine import connect
from patronage.errors import DataError
from patronage.lenses import corruption


def run(config: CheckConfig) -> None:
    """Read the data through the door and print a report; bad data raises as it does in training.

    Raises
    ------
    DataError
        The data breaks the contract, or an own lens sees the future.
    """
    own = lenses.own(config.lenses)
    with closing(connect(config.engine)) as engine:
        tables = data.load(engine, config.data)
        print("the data keeps the contract")
        print(tables.summary())
        print()
        print(lenses.support(tables, config.lenses).to_string(index=False))
        print()
        print("\n".join(_models(tables)))
        if own:
            print()
            _check_own(tables, config, own)


def _check_own(tables: Tables, config: CheckConfig, own: dict[str, lenses.Lens]) -> None:
    """Hold each own lens against an altered future."""
    cutoff = when.parse(config.cutoff) if config.cutoff else corruption.cutoff_inside(tables)
    when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    usable = lenses.available(tables, config.lenses)
    leaking = []
    for path, lens in own.items():
        if lens.name not in usable:
            print(f"lens {lens.name:<12} not checked: the data has none of {', '.join(lens.requires)}")
            continue
        try:
            leaks = corruption.future_leaks(tables, cutoff, config.lenses, [lens.name])
        except tables.engine.failure as error:
            raise DataError(f"lenses.own={path}: its SQL fails: {str(error).splitlines()[0]}") from error
        changed = ", ".join(f"{row.feature} of {row.customers:,} customers" for row in leaks.itertuples())
        print(f"lens {lens.name:<12} " + (f"sees the future: {changed} changed" if changed else "sees no future"))
        if changed:
            leaking.append(f"lenses.own={path} sees the future: {changed}")
    if leaking:
        raise DataError(
            f"{'; '.join(leaking)} changed when rows at or after {cutoff:%Y-%m-%d} were altered; read order_lines, "
            "orders, order_days, events, ... of the history in place of the tables themselves"
        )


def _models(tables: Tables) -> list[str]:
    """What models could learn from this log."""
    per_customer = (
        f"SELECT count(*) FILTER (WHERE {c.AMOUNT} < 0) AS refunds, "
        f"count(DISTINCT CAST({c.ORDERED_AT} AS DATE)) FILTER (WHERE {c.AMOUNT} >= 0) AS days "
        f"FROM transactions GROUP BY {c.CUSTOMER_ID}"
    )
    buyers, repeaters, refunded = tables.engine.row(
        "SELECT count(*) FILTER (WHERE days > 0), count(*) FILTER (WHERE days > 1), "
        f"count(*) FILTER (WHERE refunds > 0) FROM ({per_customer})"
    )
    latest = tables.last + timedelta(days=1)
    span = (latest - tables.first).days
    return [
        f"clv      {repeaters:,} of {buyers:,} buyers bought on a second day"
        + ("" if repeaters else ": no CLV can be fitted"),
        f"churn    at cutoff={latest:%Y-%m-%d}, a horizon of up to {span // 2} days leaves as long a history",
        f"journey  {'orders and events' if tables.has('events') else 'orders alone: prospects are not visible'}",
        f"refunds  {refunded:,} customers have some",
    ]
