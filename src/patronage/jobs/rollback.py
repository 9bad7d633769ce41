"""`patronage rollback`: give the champion's place back to the version before."""

from __future__ import annotations

from patronage import tracking
from patronage.config import RollbackConfig
from patronage.config.places import project_root


def run(config: RollbackConfig) -> None:
    """Move the alias back by one promotion; what was promoted stays registered."""
    store = tracking.find_store(config.tracking, project_root())
    if not store.registered_model:
        store = tracking.with_model(store, tracking.only_model(store))
    lost, restored = tracking.restore_alias(store, config.alias, config.reason)
    print(f"{config.alias}  models:/{store.registered_model}/{restored}, instead of version {lost}")
