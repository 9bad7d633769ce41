"""Which version of the registered model is the champion, which was before it, and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode

from patronage.errors import TrackingError
from patronage.tracking.reading import plain_errors
from patronage.tracking.store import Store, alone, first_line

ABSENT = {ErrorCode.Name(code) for code in (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)}
LONGEST_TAG = 5000


def holder(store: Store, alias: str) -> str | None:
    """The version that has the alias; None where nobody has it."""
    try:
        return str(store.client.get_model_version_by_alias(store.registered_model, alias).version)
    except MlflowException as error:
        if error.error_code in ABSENT:
            return None
        raise TrackingError(f"{store.uri}: {first_line(error)}") from error
    except (OSError, sqlite3.Error) as error:
        raise TrackingError(f"{store.uri}: {first_line(error)}") from error


def set_alias(store: Store, alias: str, version: str, instead_of: str | None) -> None:
    """Move the alias to a version, which remembers who had it before.

    Raises
    ------
    TrackingError
        Somebody else has moved it meanwhile.
    """
    with plain_errors(store), alone(store.uri):
        if (now := holder(store, alias)) != instead_of:
            raise TrackingError(
                f"{alias} moved to version {now} while this was judged beside version {instead_of}; try again"
            )
        store.client.set_model_version_tag(store.registered_model, version, f"{alias}.before", instead_of or "")
        store.client.set_registered_model_alias(store.registered_model, alias, version)


def restore_alias(store: Store, alias: str, reason: str | None) -> tuple[str, str]:
    """Give the alias back to whoever had it before; gives the version that lost it, and the one that has it now.

    Raises
    ------
    TrackingError
        Nobody has the alias, or nobody had it before.
    """
    name = store.registered_model
    with plain_errors(store), alone(store.uri):
        now = holder(store, alias)
        if now is None:
            raise TrackingError(f"no version of {name} is {alias}; promote one first")
        before = store.client.get_model_version(name, now).tags.get(f"{alias}.before", "")
        if not before:
            raise TrackingError(f"version {now} of {name} is the first {alias}; there is none to go back to")
        store.client.get_model_version(name, before)  # it may have been deleted: then nothing changes
        store.client.set_registered_model_alias(name, alias, before)
        said = f"rolled back to version {before} on {_today()}" + (f": {reason}" if reason else "")
        store.client.set_model_version_tag(name, now, "promotion", said)
        return now, before


def write_verdict(
    store: Store, run_id: str, version: str, verdict: str, gates: Mapping[str, str], table: pd.DataFrame
) -> None:
    """Keep a verdict with the version and with the run: a tag per gate, and the table `promotion.json`.

    The table grows by every attempt; tags hold the last one.
    """
    client, stamp = store.client, _today()
    tags = {"promotion": f"{verdict} on {stamp}", **{f"gate.{name}": said for name, said in gates.items()}}
    with plain_errors(store):
        for key, value in tags.items():
            client.set_model_version_tag(store.registered_model, version, key, value[:LONGEST_TAG])
            client.set_tag(run_id, key, value[:LONGEST_TAG])
        client.log_table(run_id, table.assign(attempt=f"{verdict} on {stamp}"), "promotion.json")


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
