"""How a run ends: with its status, and without the lines that MLflow prints of a server."""

from __future__ import annotations

import contextlib
import io

from mlflow.client import MlflowClient
from mlflow.entities import RunStatus


def end_run(client: MlflowClient, run_id: str, status: int) -> None:
    """Give a run its last status, one of `RunStatus`.

    MLflow prints the address of a run on a server, with the password that `tracking.uri` may hold, wherever standard
    output goes: a failed sweep ends after the masks are off, and Python users have none.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        client.set_terminated(run_id, RunStatus.to_string(status))
