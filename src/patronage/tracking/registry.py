"""Which version of the registered model is the champion, which was before it, and why."""

from __future__ import annotations

import contextlib
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pandas as pd

from patronage.errors import TrackingError
from patronage.masking import mask, mask_all
from patronage.names import Artifact, Tag
from patronage.tracking.model import model_of_run, register
from patronage.tracking.refusals import FAILURES, is_absent, refused
from patronage.tracking.store import Store, alone, plain_errors

LONGEST_TAG = 5000
MARK_SECONDS = 600  # the mark of a process that died counts no longer
WAIT_SECONDS = 60  # moving an alias takes one or two


def only_model(store: Store) -> str:
    """The registered model that is meant where none is named: the only one.

    Raises
    ------
    TrackingError
        There is none, or there are several.
    """
    with plain_errors(store):
        names = sorted(model.name for model in store.client.search_registered_models())
    if len(names) != 1:
        models = f"{len(names)} registered models ({', '.join(names[:5])})" if names else "no registered model"
        raise TrackingError(f"{models} in the store; name one by tracking.registered_model=NAME, or models:/NAME@ALIAS")
    return names[0]


def alias_version(store: Store, alias: str) -> str | None:
    """The version that has the alias; None where no version has it."""
    try:
        return str(store.client.get_model_version_by_alias(store.registered_model, alias).version)
    except FAILURES as error:
        if is_absent(error):
            return None
        raise refused(f"the MLflow store {store.shown}", error) from error


def set_alias(store: Store, alias: str, version: str, instead_of: str | None) -> None:
    """Move the alias to a version, and note there which version had it before.

    Raises
    ------
    TrackingError
        The alias was moved by another process meanwhile.
    """
    with plain_errors(store), _alone_with(store):
        if (current := alias_version(store, alias)) != instead_of:
            now, before = (f"version {each}" if each else f"no {alias}" for each in (current, instead_of))
            raise TrackingError(
                f"{alias} moved to {now} while this was judged beside {before}; try again",
                retry=True,
            )
        store.client.set_model_version_tag(store.registered_model, version, Tag.before(alias), instead_of or "")
        store.client.set_registered_model_alias(store.registered_model, alias, version)


@contextlib.contextmanager
def _alone_with(store: Store) -> Iterator[None]:
    """One process at a time that moves an alias: by the lock of the store, on a server by a mark on the model.

    A server offers no lock and no "set if it is still so". A mark is therefore set before those of others are read:
    of two processes at least one sees the other, takes its own mark back, and tries again after a random time.

    Raises
    ------
    TrackingError
        Another process has moved aliases for all of `WAIT_SECONDS`.
    """
    if not store.uri.startswith("http"):
        with alone(store.uri):
            yield
        return
    client, model, mark = store.client, store.registered_model, f"{Tag.MOVING}{uuid.uuid4().hex}"
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        client.set_registered_model_tag(model, mark, f"{time.time():.0f}")
        others = _marks(client.get_registered_model(model).tags) - {mark}
        if not others:
            break
        client.delete_registered_model_tag(model, mark)
        if time.monotonic() > deadline:
            raise TrackingError(
                f"another process has been moving an alias of {model} for {WAIT_SECONDS} s; try again later", retry=True
            )
        time.sleep(random.uniform(0.2, 2))
    try:
        yield
    finally:
        client.delete_registered_model_tag(model, mark)


def _marks(tags: Mapping[str, str]) -> set[str]:
    """The marks of the processes that are moving an alias now."""
    now = time.time()
    return {key for key, since in tags.items() if key.startswith(Tag.MOVING) and now - float(since) < MARK_SECONDS}


def restore_alias(store: Store, alias: str, reason: str | None) -> tuple[str, str]:
    """Give the alias back to the version that had it before.

    Returns
    -------
    tuple
        The version that lost the alias, and the one that has it now.

    Raises
    ------
    TrackingError
        No version has the alias, or none had it before.
    """
    name = store.registered_model
    with plain_errors(store), _alone_with(store):
        current = alias_version(store, alias)
        if current is None:
            raise TrackingError(f"no version of {name} is {alias}; promote one first")
        former = store.client.get_model_version(name, current).tags.get(Tag.before(alias), "")
        if not former:
            raise TrackingError(f"version {current} of {name} is the first {alias}; there is none to go back to")
        store.client.get_model_version(name, former)  # it may have been deleted: then nothing changes
        store.client.set_registered_model_alias(name, alias, former)
        note = f"rolled back to version {former} on {_today()}" + (f": {reason}" if reason else "")
        store.client.set_model_version_tag(name, current, Tag.PROMOTION, mask(note))
        return current, former


def write_verdict(
    store: Store, run_id: str, version: str, verdict: str, gates: Mapping[str, str], table: pd.DataFrame
) -> None:
    """Keep a verdict with the version and with the run: a tag per gate, and the table `promotion.json`.

    The table grows by every attempt; tags hold the last one.
    """
    client, attempt = store.client, mask(f"{verdict} on {_today()}")
    tags = mask_all({Tag.PROMOTION: attempt, **{Tag.gate(name): line for name, line in gates.items()}})
    with plain_errors(store):
        for key, value in tags.items():
            client.set_model_version_tag(store.registered_model, version, key, value[:LONGEST_TAG])
            client.set_tag(run_id, key, value[:LONGEST_TAG])
        client.log_table(run_id, table.assign(attempt=attempt), Artifact.PROMOTION)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def register_run(store: Store, run_id: str) -> str:
    """Make the bundle of a run a version of the registered model; gives the version."""
    with plain_errors(store):
        return register(store, model_of_run(store.client.get_run(run_id)))
