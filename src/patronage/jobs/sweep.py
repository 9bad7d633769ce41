"""A multirun is one parent run with its children (a Hydra callback, named in conf/train.yaml)."""

from __future__ import annotations

import atexit
import os
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from patronage.config import TrackingConfig, typed
from patronage.config.places import project_root
from patronage.errors import PatronageError
from patronage.jobs.failure import Failure


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
            os.environ[tracking.PARENT_RUN] = self.run_id  # the children read it
        except PatronageError as error:
            raise Failure(error) from error  # Hydra would turn it into a warning and go on without the parent
        # Hydra skips on_multirun_end when a child fails; by then the parent is closed or failed.
        atexit.register(self._close, failed=True)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        if self.run_id:  # a single run has no parent
            from patronage import tracking

            os.environ[tracking.OVERRIDES] = " ".join(config.hydra.overrides.task)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        from patronage import tracking

        children = self._close(failed=False)
        atexit.unregister(self._close)
        print(f"\n{children} runs under the parent {self.run_id}")
        print(f"side by side  {tracking.sweep_link(self.store, self.run_id, tracking.MAIN[0])}")

    def _close(self, *, failed: bool) -> int:
        from patronage import tracking

        for name in (tracking.PARENT_RUN, tracking.OVERRIDES):
            os.environ.pop(name, None)
        return tracking.close_parent(self.store, self.run_id, failed=failed)
