"""Attributes of customers that only their order lines tell, such as the country that a shop writes on every line.

A customer has the value of the first line that has one: what a later line says was not known before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.contract import CUSTOMERS, TRANSACTIONS
from patronage.data.keys import Keys
from patronage.data.source import SourceTable
from patronage.engine import Engine
from patronage.errors import ConfigError


def ask_lines(
    engine: Engine, sources: Mapping[str, SourceTable], config: DataConfig, keys: Keys
) -> tuple[dict[str, SourceTable], tuple[str, ...]]:
    """Let the transactions bring the declared attributes that the customers lack.

    Returns
    -------
    tuple
        The sources, and the names of the attributes that lines tell.

    Raises
    ------
    ConfigError
        Neither table has a column of that name, whatever its case.
    """
    lines, customers = sources[TRANSACTIONS.name], sources.get(CUSTOMERS.name)
    own = engine.types(customers.relation) if customers else {}
    wanted = [name for name in config.customers.attributes if name not in own]
    if not wanted:
        return dict(sources), ()
    columns = engine.types(lines.relation)
    columns_of = {name: column for name in wanted for column in columns if column.casefold() == name.casefold()}
    if lacking := [name for name in wanted if name not in columns_of]:
        has = f"the customers have {', '.join(own)}; the transactions" if own else "the transactions"
        raise ConfigError(
            f"{keys.entry(CUSTOMERS.name, 'attributes', lacking[0])}: no such column; {has} have {', '.join(columns)}"
        )
    asking = {TRANSACTIONS.name: replace(lines, attributes=tuple(wanted), mapping={**lines.mapping, **columns_of})}
    if customers:
        own_names = tuple(name for name in customers.attributes if name not in columns_of)
        asking[CUSTOMERS.name] = replace(customers, attributes=own_names)
    return {**sources, **asking}, tuple(wanted)


def write_attributes(
    engine: Engine, present: Mapping[str, frozenset[str]], attributes: Iterable[str]
) -> frozenset[str]:
    """Add the attributes to the canonical customers, with the moment from which on they are known.

    Returns
    -------
    frozenset
        The columns that the customers have now.
    """
    names = tuple(attributes)
    quoted = [engine.quote(name) for name in names]
    told = " OR ".join(f"{name} IS NOT NULL" for name in quoted)
    firsts = ", ".join(f"min({name}) AS {name}" for name in quoted)
    lines = TRANSACTIONS.name
    first = f"SELECT customer_id, min(ordered_at) AS {c.KNOWN_AT} FROM {lines} WHERE {told} GROUP BY customer_id"
    known = (
        f"SELECT lines.customer_id, {c.KNOWN_AT}, {firsts} FROM {lines} AS lines JOIN ({first}) AS first "
        f"ON first.customer_id = lines.customer_id AND {c.KNOWN_AT} = lines.ordered_at "
        f"GROUP BY lines.customer_id, {c.KNOWN_AT}"
    )
    if CUSTOMERS.name not in present:
        engine.table(CUSTOMERS.name, known)
        return frozenset({c.CUSTOMER_ID, *names})
    engine.table(CUSTOMERS.name, f"SELECT * FROM {CUSTOMERS.name} FULL JOIN ({known}) AS known USING (customer_id)")
    return present[CUSTOMERS.name] | set(names)
