"""Python processes that need not import what is heavy: a parent that has done so forks one for each that is started.

To import MLflow, scikit-learn and LightGBM takes a process five CPU seconds, more than most commands of the tests then
need. A forked one has its own environment, folder, output, signals and end, and ends as Python does; only that its
modules are there already. What is about the start of a process (a bare environment, another user) starts a real one.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path


class Process:
    """A forked process: a part of `subprocess.Popen`."""

    def __init__(self, words: list[str], cwd: Path | str | None, env: Mapping[str, str] | None) -> None:
        self._files = [tempfile.NamedTemporaryFile() for _ in range(2)]  # noqa: SIM115 (closed at the end)
        out, err = (file.name for file in self._files)
        request = {"words": words, "cwd": str(cwd or Path.cwd()), "env": dict(os.environ if env is None else env)}
        self.args = words
        self.pid: int = _ask({**request, "stdout": out, "stderr": err})
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """Wait for its end; what it printed.

        Raises
        ------
        TimeoutError
            It did not end in so many seconds; it is killed.
        """
        status = _ask({"wait": self.pid, "seconds": timeout})
        if status is None:
            os.kill(self.pid, signal.SIGKILL)
            raise TimeoutError(f"{self.args} did not end in {timeout} s")
        self.returncode = os.waitstatus_to_exitcode(status)
        printed = []
        for file in self._files:
            file.seek(0)
            printed.append(file.read().decode())
            file.close()
        return printed[0], printed[1]


def start(*words: str, cwd: Path | str | None = None, env: Mapping[str, str] | None = None) -> Process:
    """A process of the words that follow `python`: `-m MODULE ...`, `-c CODE` or `FILE ...`."""
    return Process(list(words), cwd, env)


def run(
    *words: str, cwd: Path | str | None = None, env: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Start it and wait for its end."""
    process = start(*words, cwd=cwd, env=env)
    out, err = process.communicate(timeout)
    return subprocess.CompletedProcess(process.args, process.returncode or 0, out, err)


@cache
def _parent() -> subprocess.Popen[str]:
    parent = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(parent.communicate)  # it ends with its input
    return parent


def _ask(request: dict) -> int | None:
    parent = _parent()
    parent.stdin.write(json.dumps(request) + "\n")
    parent.stdin.flush()
    return json.loads(parent.stdout.readline())


# In the parent, and in what it forks


def _serve() -> dict | None:
    """Fork a process for each request, and tell how one ended; gives the request to a process that was forked."""
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = _status(request["wait"], request["seconds"])
        elif (answer := os.fork()) == 0:
            return request
        print(json.dumps(answer), flush=True)
    return None


def _status(pid: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.02)
    return None


def _become(request: dict) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background ignores
    for number, path in ((0, os.devnull), (1, request["stdout"]), (2, request["stderr"])):
        file = os.open(path, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    first, *rest = request["words"]
    if first in ("-m", "-c"):
        what, *rest = rest
        sys.argv, sys.path[0] = [first, *rest], request["cwd"]
        if first == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv, sys.path[0] = [first, *rest], str(Path(first).parent)
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    import importlib
    import pkgutil
    import runpy

    from patronage.jobs.verbs import MLFLOW

    os.environ.update({name: os.environ.get(name, value) for name, value in MLFLOW.items()})
    import lightgbm  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import mlflow.pyfunc  # noqa: F401

    import patronage.jobs

    for module in pkgutil.iter_modules(patronage.jobs.__path__):
        importlib.import_module(f"patronage.jobs.{module.name}")
    if (to_become := _serve()) is not None:
        _become(to_become)
