"""Measure the response time for one customer: `python benchmarks/serving.py` writes serving.md beside it.

`mlflow models serve` answers one-row requests to /invocations, one after the other over one connection, after a
warm-up, in two of the forms that MLflow reads: a table, and columns by name, from which it makes a table. CPU is that
of the server's processes between the first and the last request. If the folder $SERVING_BENCH (mlruns/serving_bench)
holds no model, one is trained on CDNow first.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

WARM_UP, CALLS = 30, 300
WAIT = 180  # seconds for the server to start


def cpu_seconds(group: int) -> float:
    """Give the CPU seconds of a process group, from Linux's /proc."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def post(connection: HTTPConnection, body: bytes) -> tuple[int, bytes]:
    """Send a request to the model."""
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, response.read()


def reached(port: int) -> HTTPConnection:
    """Connect to the server as soon as it responds."""
    deadline = time.monotonic() + WAIT
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/ping")
            connection.getresponse().read()
            return connection
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def timed(connection: HTTPConnection, server: int, form: str, body: bytes) -> str:
    """Measure one form of the request and write its row."""
    for _ in range(WARM_UP):
        status, response = post(connection, body)
        assert status == 200, response
    took, before = [], cpu_seconds(server)
    for _ in range(CALLS):
        began = time.perf_counter()
        post(connection, body)
        took.append(1000 * (time.perf_counter() - began))
    used = 1000 * (cpu_seconds(server) - before) / CALLS
    p50, p90, p99 = np.percentile(took, [50, 90, 99])
    return f"| `{form}` | {CALLS} | {p50:.0f} | {p90:.0f} | {p99:.0f} | {used:.0f} |\n"


def measure(model: Path) -> str:
    """Serve the model, measure it, and write the table."""
    example = json.loads((model / "serving_input_example.json").read_text())["dataframe_split"]
    columns = {name: [cell] for name, cell in zip(example["columns"], example["data"][0], strict=True)}
    requests = {"dataframe_split": {**example, "data": example["data"][:1]}, "inputs": columns}
    cells = zip(example["columns"], example["data"][0], strict=True)
    lacking = [None if name == "n_orders" else cell for name, cell in cells]
    bad = json.dumps({"dataframe_split": {**example, "data": [lacking]}}).encode()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(port),
               "--env-manager", "local"]  # fmt: skip
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        connection = reached(port)
        rows = [
            timed(connection, server.pid, form, json.dumps({form: body}).encode()) for form, body in requests.items()
        ]
        status, response = post(connection, bad)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    message = json.loads(response)["message"].rpartition("Error: ")[
        2
    ]  # MLflow quotes the rows of the request before it
    return (
        "| form | calls | p50 ms | p90 ms | p99 ms | CPU ms a call |\n|---|---:|---:|---:|---:|---:|\n"
        f"{''.join(rows)}\n"
        f"A row without `n_orders` is answered with {status}: `{message}`\n"
    )


def main(root: Path) -> None:
    """Train a model if there is none, serve it, measure it, and write the table."""
    (root / "mlruns").mkdir(parents=True, exist_ok=True)
    pattern = "artifacts/**/models/*/artifacts/MLmodel"
    if not list((root / "mlruns").glob(pattern)):
        words = [sys.executable, "-m", "patronage.cli", "train", "experiment=cdnow"]
        subprocess.run(words, env=os.environ | {"PATRONAGE_ROOT": str(root)}, check=True, stdout=sys.stderr)
    model = sorted((root / "mlruns").glob(pattern))[-1].parent
    table = measure(model)
    about = (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end (other work ran at the same time), "
        f"nice {os.nice(0)}, Python {platform.python_version()}"
    )
    text = f"# One customer over HTTP\n\nMade by `benchmarks/serving.py`; {about}.\n\n{table}"
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main(Path(os.environ.get("SERVING_BENCH", "mlruns/serving_bench")).resolve())
