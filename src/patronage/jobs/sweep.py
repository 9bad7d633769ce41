"""A multirun is one parent run with its children (a Hydra callback, named in conf/train.yaml)."""

from __future__ import annotations

import logging
import os
from typing import Any, ClassVar

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from patronage.config import TrackingConfig, typed
from patronage.config.places import project_root
from patronage.errors import PatronageError
from patronage.jobs.failure import Failure

log = logging.getLogger(__name__)


class ParentRun(Callback):
    """Opens the parent before the first child and closes it after the last, or when one fails."""

    opened: ClassVar[list[ParentRun]] = []  # of this command, and not closed yet

    def __init__(self) -> None:
        self.store: Any = None
        self.run_id = ""
        self.words: list[str] = []

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        from patronage import tracking

        self.words = swept(config)
        name = "sweep " + " ".join(self.words or config.hydra.overrides.task)
        try:
            self.store = tracking.open_store(typed(TrackingConfig, config.tracking), project_root())
            self.run_id = tracking.open_parent(self.store, name[:200])
            os.environ[tracking.PARENT_RUN] = self.run_id  # the children read it
        except PatronageError as error:
            raise Failure(error) from error  # Hydra would turn it into a warning and go on without the parent
        self.opened.append(self)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        if self.run_id:  # a single run has no parent
            from patronage import tracking

            os.environ[tracking.OVERRIDES] = " ".join(config.hydra.overrides.task)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        from patronage import tracking

        try:
            children = self._close(failed=False)
        except tracking.FAILURES as error:
            place = f"all children are done, but the store tracking.uri={self.store.shown}"
            raise Failure(tracking.refused(place, error)) from error  # Hydra would make a warning of it
        print(f"\n{children} runs under the parent {self.run_id}")
        print(f"side by side  {tracking.sweep_link(self.store, self.run_id, tracking.MAIN[0])}")

    @classmethod
    def close_failed(cls) -> None:
        """Close the parent of a sweep of which a child failed or was stopped: Hydra skips `on_multirun_end` then."""
        for parent in list(cls.opened):
            from patronage import tracking

            try:
                parent._close(failed=True)
            except tracking.FAILURES as error:
                log.warning(
                    "run %s of the sweep is still open: the next command closes it (%s)",
                    parent.run_id,
                    tracking.first_line(error),
                )

    def _close(self, *, failed: bool) -> int:
        from patronage import tracking

        self.opened.remove(self)
        for name in (tracking.PARENT_RUN, tracking.OVERRIDES):
            os.environ.pop(name, None)
        return tracking.close_parent(self.store, self.run_id, swept=self.words, failed=failed)


def swept(config: DictConfig) -> list[str]:
    """The words that take several values, of the command line or of `hydra.sweeper.params` in a file."""
    given = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    words = [str(override.input_line) for override in given if override.is_sweep_override()]
    params = OmegaConf.select(config, "hydra.sweeper.params") or {}
    return words + [f"{key}={values}" for key, values in params.items()]
