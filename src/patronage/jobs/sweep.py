"""A multirun is one parent run with its children (a Hydra callback, named in conf/train.yaml)."""

from __future__ import annotations

import atexit
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from patronage.config import TrackingConfig, typed
from patronage.config.places import project_root
from patronage.errors import PatronageError


class ParentRun(Callback):
    """Opens the parent before the first child and closes it after the last, or when one fails."""

    def __init__(self) -> None:
        self.store: Any = None
        self.run_id = ""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        from patronage import tracking

        name = "sweep " + " ".join(config.hydra.overrides.task)
        try:
            self.store = tracking.open_store(typed(TrackingConfig, config.tracking), project_root())
            self.run_id = tracking.open_parent(self.store, name[:200])
        except PatronageError as error:
            # Hydra turns an Exception of a callback into a warning and goes on without the parent.
            raise SystemExit(f"patronage: {error}") from error
        # Hydra skips on_multirun_end when a child fails; by then the parent is closed or failed.
        atexit.register(tracking.close_parent, self.store, self.run_id, failed=True)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        if self.run_id:  # a single run is nobody's child
            from patronage import tracking

            tracking.name_child(list(config.hydra.overrides.task))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        from patronage import tracking

        children = tracking.close_parent(self.store, self.run_id, failed=False)
        atexit.unregister(tracking.close_parent)
        print(f"\n{children} runs under the parent {self.run_id}")
        print(f"side by side  {tracking.sweep_link(self.store, self.run_id, tracking.MAIN[0])}")
