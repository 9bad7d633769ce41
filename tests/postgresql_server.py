"""A real PostgreSQL of Debian's package, started for the tests that need one; they skip where there is none."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def postgresql_server() -> Iterator[str]:
    """The address of a fresh server on a socket of its own, without a network."""
    pytest.importorskip("adbc_driver_postgresql", reason="needs patronage[postgresql]")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("needs Debian's package postgresql")
    programs, folder = found[-1].parent, Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    as_user = {}
    if os.getuid() == 0:  # which PostgreSQL refuses to be
        pwd.getpwnam("postgres")
        shutil.chown(folder, "postgres")
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/", **as_user}
    subprocess.run([programs / "initdb", "-D", folder / "db", "-U", "postgres", "-A", "trust", "--no-sync"], **quiet)
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    control = [programs / "pg_ctl", "-D", folder / "db", "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], **quiet)
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)
