"""A scoring that is killed at its n-th operation on the disk, for every n; test_killed.py starts it as a process.

Each line that it prints is JSON: what the output is after a kill, and at last after an undisturbed start.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq

from patronage import data, scoring
from patronage.bundle import Bundle
from patronage.config import DataConfig, TransactionsConfig
from patronage.engine import DuckDB
from patronage.lenses import Part

PASSES = 2
OPERATIONS = (
    (os, "fsync"), (Path, "rename"), (Path, "replace"), (Path, "write_text"), (Path, "unlink"), (Path, "mkdir"),
    (shutil, "rmtree"), (pq.ParquetWriter, "write_table"), (pq.ParquetWriter, "close"), (DuckDB, "run"),
)  # fmt: skip


def score(bundle: Bundle, log: str, target: scoring.OutputTarget, die_at: int | None) -> None:
    if die_at is not None and target.kind == "folder":  # where the result goes matters at the end only
        _arm(die_at)
    config = DataConfig("tables", transactions=TransactionsConfig(path=log))
    with scoring.alone(target) as folder:
        tables = data.load(DuckDB(1, folder=folder), config)
        work = scoring.begin(folder, {"data": tables.fingerprint})
        for number in range(PASSES):
            if not work.is_done(number):
                scoring.score_part(work, bundle, tables, datetime(2023, 7, 1), Part(number, PASSES), {"run_id": "r"})
        if die_at is not None and target.kind != "folder":
            _arm(die_at)
        scoring.publish(work, scoring.Claim(target, config), tables.engine)


def _arm(die_at: int) -> None:
    done = 0

    def deadly(real):
        def operate(*arguments, **named):
            nonlocal done
            done += 1
            if done == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return operate

    for owner, name in OPERATIONS:
        setattr(owner, name, deadly(getattr(owner, name)))


def state(target: scoring.OutputTarget) -> str:
    """What a reader would find."""
    if target.kind == "table":
        engine = DuckDB(1)
        rows = engine.frame(f"SELECT * FROM {target.relation(engine)} ORDER BY 1")
        return sha256(rows.to_csv().encode()).hexdigest()
    files = sorted(target.path.iterdir()) if target.path.is_dir() else [target.path]
    return sha256(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()


def in_a_child(work) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    folder, log, older, output = sys.argv[1:]
    bundle, target = Bundle.load(Path(folder)), scoring.parse(output)
    in_a_child(lambda: score(bundle, older, target, None))
    in_a_child(lambda: print(json.dumps({"old": state(target)}), flush=True))
    at, killed = 0, True
    while killed:
        at += 1
        killed = in_a_child(lambda: score(bundle, log, target, at)) == signal.SIGKILL  # noqa: B023
        in_a_child(lambda: print(json.dumps({"operation": at, "state": state(target)}), flush=True))  # noqa: B023
    print(json.dumps({"left": sorted(path.name for path in target.path.parent.iterdir())}))
