"""MLflow's own server, started for the tests that need one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def mlflow_server(folder: Path, backend: str, *more: str) -> Iterator[str]:
    """The address of a server whose runs lie in `backend`; it ends with its workers."""
    port = free_port()
    words = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port),
             "--backend-store-uri", backend, *more]  # fmt: skip
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # MLflow starts uvicorn by its name: it must be found, as in an activated environment
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(words, cwd=folder, env=environment, start_new_session=True, **quiet)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_until_it_answers(address: str) -> None:
    """Ask for up to two minutes."""
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(address)
