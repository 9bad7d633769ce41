"""Measure what a busy machine costs a training: `python benchmarks/busy.py` writes busy.md beside it.

Wall time, as ratios of one run: a training of CDNOW alone, and beside two processes that only compute; four small
trainings in turn, and the same four at once. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import patronage as pt

NEIGHBOURS, AT_ONCE = 2, 4
QUIET_LOAD = 0.7  # above it the machine is not quiet, and the table says so


def command(*arguments: str) -> list[str]:
    """The words of `patronage`, in this environment."""
    return [sys.executable, "-m", "patronage.cli", *arguments]


def timed(jobs: list[list[str]], folders: list[Path], *, at_once: bool) -> tuple[float, float]:
    """Wall and CPU seconds of jobs, each in its folder."""
    began, cpu = time.perf_counter(), _cpu()
    if at_once:
        running = [subprocess.Popen(job, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for job, where in zip(jobs, folders, strict=True)]  # fmt: skip
        codes = [job.wait() for job in running]
    else:
        codes = [
            subprocess.run(job, cwd=where, capture_output=True, check=False).returncode
            for job, where in zip(jobs, folders, strict=True)
        ]
    if any(codes):
        raise SystemExit(f"a training failed: exit codes {codes}")
    return time.perf_counter() - began, _cpu() - cpu


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, and write the table."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folders = [Path(place) / str(number) for number in range(2 + 2 * AT_ONCE)]
        for folder in folders:
            folder.mkdir()
        orders = Path(place) / "orders.csv"
        pt.example_orders().to_csv(orders, index=False)
        cdnow = command("train", "experiment=cdnow")
        alone = timed([cdnow], folders[:1], at_once=False)
        for _ in range(NEIGHBOURS):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        beside = timed([cdnow], folders[1:2], at_once=False)
        stack.close()
        small = [
            command("train", "data=tables", f"data.transactions.path={orders}", "cutoff=2024-01-01", "horizon_days=90",
                    f"seed={seed}", "personas.allow_unstable=true")
            for seed in range(AT_ONCE)
        ]  # fmt: skip
        in_turn = timed(small, folders[2 : 2 + AT_ONCE], at_once=False)
        together = timed(small, folders[2 + AT_ONCE :], at_once=True)
    rows = [
        ("CDNOW", "alone", alone, f"beside {NEIGHBOURS} that compute", beside, 2.5),
        (f"{AT_ONCE} small trainings", "in turn", in_turn, "at once", together, 1.0),
    ]
    lines = [
        "# A busy machine\n",
        f"Made by `benchmarks/busy.py` on {os.cpu_count()} cores; load at the beginning {load:.1f}"
        f"{'' if load < QUIET_LOAD else ': not quiet'}. Seconds of wall, with CPU in brackets.\n",
        "| what | quiet | busy | ratio | asked: at most |",
        "|---|---|---|---:|---:|",
    ]
    lines += [
        f"| {what} | {first}: {one[0]:.0f} ({one[1]:.0f}) | {second}: {two[0]:.0f} ({two[1]:.0f}) | "
        f"{two[0] / one[0]:.2f} | {most} |"
        for what, first, one, second, two, most in rows
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
