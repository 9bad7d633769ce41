"""Business customers: with `data.entity=account` a company is the customer, and its employees are its users.

A customer without an account stays a customer, and is its own only user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from patronage import names as c
from patronage.data.contract import CONTACTS, CUSTOMERS, EVENTS, TRANSACTIONS, USERS
from patronage.data.keys import CONF, Keys
from patronage.engine import Engine
from patronage.errors import ConfigError, DataError, in_brackets


def roll_up(
    engine: Engine, present: Mapping[str, frozenset[str]], attributes: Iterable[str], keys: Keys = CONF
) -> dict[str, frozenset[str]]:
    """Rewrite the canonical tables: `customer_id` becomes the account, the user's id moves to `user_id`.

    An account has an attribute where all its users agree on it; it signed up when its first user did.

    Returns
    -------
    dict
        The table of users and its columns, to add to what is present.

    Raises
    ------
    ConfigError
        The customers have no accounts.
    DataError
        An account has the id of a customer who does not belong to it: the two would become one.
    """
    _check_accounts_known(present, keys)
    logs = [table for table in (TRANSACTIONS.name, EVENTS.name, CONTACTS.name) if table in present]
    columns = engine.types(CUSTOMERS.name)
    _write_users(engine, has_sign_ups=c.SIGNED_UP_AT in columns)
    _check_ids_differ(engine, logs)
    for table in logs:
        _move_to_accounts(engine, table)
    _write_accounts(engine, columns, attributes)
    return {USERS: frozenset({c.USER_ID, c.CUSTOMER_ID, c.SIGNED_UP_AT})}


def _check_accounts_known(present: Mapping[str, frozenset[str]], keys: Keys) -> None:
    if c.ACCOUNT_ID not in present.get(CUSTOMERS.name, frozenset()):
        account, customer = (keys.setting("entity", entity) for entity in ("account", "customer"))
        raise ConfigError(
            f"{account} needs {CUSTOMERS.name}.{c.ACCOUNT_ID}, which this data lacks; name its column by "
            f"{keys.column(CUSTOMERS.name, c.ACCOUNT_ID)}, or give {customer}"
        )


def _check_ids_differ(engine: Engine, logs: list[str]) -> None:
    """Refuse an account whose id is that of a customer without an account."""
    acting = " UNION ".join(f"SELECT customer_id FROM {table}" for table in (*logs, CUSTOMERS.name))
    clashes, example = engine.row(
        f"SELECT count(*), min(customer_id) FROM ({acting}) "
        f"WHERE customer_id IN (SELECT account_id FROM {CUSTOMERS.name}) "
        f"AND customer_id NOT IN (SELECT customer_id FROM {CUSTOMERS.name} WHERE account_id IS NOT NULL)"
    )
    if clashes:
        raise DataError(
            f"{CUSTOMERS.name}.{c.ACCOUNT_ID}: {clashes} accounts have the id of a customer who belongs to none"
            f"{in_brackets(example)}; give accounts ids of their own, for example with a prefix"
        )


def _write_users(engine: Engine, *, has_sign_ups: bool) -> None:
    """A row per user, with its account as the customer."""
    signed_up = c.SIGNED_UP_AT if has_sign_ups else f"{engine.null('time')} AS {c.SIGNED_UP_AT}"
    engine.table(
        USERS,
        f"SELECT customer_id AS user_id, coalesce(account_id, customer_id) AS customer_id, {signed_up} "
        f"FROM {CUSTOMERS.name}",
    )


def _move_to_accounts(engine: Engine, table: str) -> None:
    """Give the rows of a log to the accounts of their users."""
    unchanged = [f"t.{engine.quote(name)}" for name in engine.types(table) if name != c.CUSTOMER_ID]
    engine.table(
        table,
        f"SELECT coalesce(u.customer_id, t.customer_id) AS customer_id, {', '.join(unchanged)}, "
        f"t.customer_id AS user_id FROM {table} AS t LEFT JOIN {USERS} AS u ON u.user_id = t.customer_id",
    )


def _write_accounts(engine: Engine, columns: Mapping[str, str], attributes: Iterable[str]) -> None:
    """A row per account in place of a row per user."""
    selected = ["coalesce(account_id, customer_id) AS customer_id", "min(account_id) AS account_id"]
    if c.SIGNED_UP_AT in columns:
        selected.append(f"min({c.SIGNED_UP_AT}) AS {c.SIGNED_UP_AT}")
    if c.KNOWN_AT in columns:
        selected.append(f"max({c.KNOWN_AT}) AS {c.KNOWN_AT}")
    if c.ACQUISITION_COST in columns:
        selected.append(f"sum({c.ACQUISITION_COST}) AS {c.ACQUISITION_COST}")
    for name in (c.ACQUISITION_CHANNEL, *attributes):
        if name in columns:
            quoted = engine.quote(name)
            selected.append(f"CASE WHEN min({quoted}) = max({quoted}) THEN min({quoted}) END AS {quoted}")
    engine.table(
        CUSTOMERS.name,
        f"SELECT {', '.join(selected)} FROM {CUSTOMERS.name} GROUP BY coalesce(account_id, customer_id)",
    )
