"""`patronage relog`: log the scoring runs that wait on disk."""

from __future__ import annotations

from patronage import tracking
from patronage.config import RelogConfig
from patronage.config.places import project_root
from patronage.jobs.score import PENDING


def run(config: RelogConfig) -> None:
    """Log every waiting run, the oldest first; what is logged no longer waits."""
    folder = project_root() / PENDING
    waiting = list(tracking.pending(folder))
    if not waiting:
        print(f"nothing waits in {folder}")
        return
    store = tracking.open_store(config.tracking, project_root())
    for path, scored in waiting:
        run_id = tracking.log_scoring(store, scored)
        path.unlink()
        print(f"{path.name}  {tracking.run_link(store, run_id)}")
