"""Business customers: with `data.entity=account` a company is the customer, and its people are its users.

Whoever has no account stays a customer of her own, with herself as the only user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from patronage import names as c
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS, USERS
from patronage.engine import Engine
from patronage.errors import ConfigError, DataError, such_as


def roll_up(
    engine: Engine, present: Mapping[str, frozenset[str]], attributes: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Rewrite the canonical tables: `customer_id` becomes the account, the person moves to `user_id`.

    Of an account's attributes those stay on which its users agree; it signed up when its first user did.

    Returns
    -------
    dict
        The table of users and its columns, to add to what is present.

    Raises
    ------
    ConfigError
        No account is known.
    DataError
        An account has the id of a customer who does not belong to it: they would become one.
    """
    if c.ACCOUNT_ID not in present.get(CUSTOMERS.name, frozenset()):
        raise ConfigError(
            f"data.entity=account needs {CUSTOMERS.name}.{c.ACCOUNT_ID}, which this data lacks; name its column by "
            f"data.{CUSTOMERS.name}.columns.{c.ACCOUNT_ID}=..., or give data.entity=customer"
        )
    columns = engine.types(CUSTOMERS.name)
    signed_up = c.SIGNED_UP_AT if c.SIGNED_UP_AT in columns else f"{engine.null('time')} AS {c.SIGNED_UP_AT}"
    engine.table(
        USERS,
        f"SELECT customer_id AS user_id, coalesce(account_id, customer_id) AS customer_id, {signed_up} "
        f"FROM {CUSTOMERS.name}",
    )
    logs = [table for table in (TRANSACTIONS.name, EVENTS.name) if table in present]
    acting = " UNION ".join(f"SELECT customer_id FROM {table}" for table in (*logs, CUSTOMERS.name))
    clashes, example = engine.row(
        f"SELECT count(*), min(customer_id) FROM ({acting}) "
        f"WHERE customer_id IN (SELECT account_id FROM {CUSTOMERS.name}) "
        f"AND customer_id NOT IN (SELECT customer_id FROM {CUSTOMERS.name} WHERE account_id IS NOT NULL)"
    )
    if clashes:
        raise DataError(
            f"{CUSTOMERS.name}.{c.ACCOUNT_ID}: {clashes} accounts have the id of a customer who belongs to none"
            f"{such_as(example)}; give accounts ids of their own, for example with a prefix"
        )
    for table in logs:
        others = [f"t.{engine.quote(name)}" for name in engine.types(table) if name != c.CUSTOMER_ID]
        engine.table(
            table,
            f"SELECT coalesce(u.customer_id, t.customer_id) AS customer_id, {', '.join(others)}, "
            f"t.customer_id AS user_id FROM {table} AS t LEFT JOIN {USERS} AS u ON u.user_id = t.customer_id",
        )
    agreed = [f"min({c.SIGNED_UP_AT}) AS {c.SIGNED_UP_AT}"] if c.SIGNED_UP_AT in columns else []
    for name in (c.ACQUISITION_CHANNEL, *attributes):
        if name in columns:
            quoted = engine.quote(name)
            agreed.append(f"CASE WHEN min({quoted}) = max({quoted}) THEN min({quoted}) END AS {quoted}")
    engine.table(
        CUSTOMERS.name,
        f"SELECT coalesce(account_id, customer_id) AS customer_id, min(account_id) AS account_id"
        f"{''.join(', ' + one for one in agreed)} FROM {CUSTOMERS.name} GROUP BY coalesce(account_id, customer_id)",
    )
    return {USERS: frozenset({c.USER_ID, c.CUSTOMER_ID, c.SIGNED_UP_AT})}
