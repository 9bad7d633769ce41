"""Thirty faults of a night: each ends with its exit code and one true line, and leaves no run open and nothing half.

Most run in this process, on one trained shop; what must die is a process of its own, and is slow.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from mlflow.client import MlflowClient

import forks
from faults.conftest import CUTOFF, last_line, open_runs
from patronage import scoring, tracking

ONLY_ROOT = pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="becomes another user")


class TestTime:
    def test_a_log_that_has_not_come_is_to_be_tried_again(self, score, project):
        code, _, err = score(cutoff="2024-03-01")
        assert (code, "try again when the log has come" in last_line(err)) == (75, True)

    def test_a_backfill_by_a_model_that_knows_the_future(self, score, project, store):
        client = MlflowClient(store)
        version = client.get_model_version_by_alias("patronage", "champion")
        client.set_tag(version.run_id, "cutoff", CUTOFF)
        code, _, err = score(cutoff="2023-06-01")
        assert (code, "it knows what came later; give model=as_of" in last_line(err)) == (2, True)
        code, _, err = score("model=as_of", "tracking.registered_model=patronage", cutoff="2023-06-01")
        assert (code, "no champion of patronage was trained by 2023-06-01" in last_line(err)) == (1, True)
        assert score("model=as_of", "tracking.registered_model=patronage")[0] == 0


class TestAbsurd:
    @pytest.mark.parametrize("harm", ["halved", "nothing paid", "in cents", "ten times over", "100 days earlier"])
    def test_it_is_not_published(self, score, shop, project, harm):
        some = sorted(shop["customer_id"].unique())
        again = (shop.assign(ordered_at=shop["ordered_at"] + pd.Timedelta(minutes=n)) for n in range(10))
        logs = {
            "halved": shop[shop["customer_id"].isin(some[: len(some) // 2])],
            "nothing paid": shop.assign(amount=0.0),
            "in cents": shop.assign(amount=shop["amount"] * 100),
            "ten times over": pd.concat(again),
            "100 days earlier": shop.assign(ordered_at=shop["ordered_at"] - pd.Timedelta(days=100)),
        }
        logs[harm].to_parquet("harmed.parquet")
        code, _, err = score("data.max_staleness_days=3650", log="harmed.parquet")
        assert (code, "this result is not plausible" in last_line(err)) == (1, True)
        assert not (project / "out.parquet").exists()

    def test_the_last_result_counts_and_force_overrules(self, score, shop, project):
        assert score("plausible.then=warn")[0] == 0
        before = (project / "out.parquet").read_bytes()
        some = sorted(shop["customer_id"].unique())[:200]
        shop[shop["customer_id"].isin(some)].to_parquet("half.parquet")
        code, _, err = score(log="half.parquet")
        assert (code, "in the last result (2023-07-01)" in last_line(err)) == (1, True)
        assert (project / "out.parquet").read_bytes() == before
        assert score("force=true", log="half.parquet")[0] == 0
        assert score(log="half.parquet", output="other.parquet")[0] == 1

    def test_a_stale_log_gets_a_line(self, score):
        code, _, err = score(cutoff="2023-12-26")
        assert code == 0
        assert "days before the cutoff" in err


class TestWriting:
    def test_a_busy_output_is_to_be_tried_again(self, score, project):
        from filelock import FileLock

        with FileLock(scoring.parse("out.parquet").lock):
            code, _, err = score()
        assert (code, "another job is writing it" in last_line(err)) == (75, True)

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that makes no files")
    def test_a_place_that_takes_no_files_is_not_busy(self, score):
        code, _, err = score(output="/proc/out.parquet")
        assert (code, "/proc/.out.parquet.lock cannot be made; give an output in another place" in err) == (1, True)

    @pytest.mark.parametrize("where", ["patronage.scoring.work.settle", "pyarrow.parquet.ParquetWriter.write_table"])
    def test_a_full_disk_while_it_grows(self, score, project, monkeypatch, where):
        assert score()[0] == 0
        before = (project / "out.parquet").read_bytes()

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(where, full)
            code, _, err = score(cutoff="2023-09-01")
        assert (code, "No space left on device; the old result is untouched" in last_line(err)) == (1, True)
        assert (project / "out.parquet").read_bytes() == before
        assert score(cutoff="2023-09-01")[0] == 0

    @pytest.mark.parametrize(
        "error", [OSError(28, "No space left on device"), sqlite3.OperationalError("database is locked")]
    )
    def test_the_store_refuses_when_all_is_done(self, score, project, store, monkeypatch, patronage, error):
        def refuse(*_, **__):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr("mlflow.client.MlflowClient.create_run", refuse)
            code, _, err = score()
        assert code == 0
        assert "out.parquet is complete; the run could not be logged" in err
        assert "patronage relog logs it" in err
        assert (project / "out.parquet").exists()
        assert patronage("relog", f"tracking.uri={store}")[0] == 0
        assert open_runs(store) == []

    def test_the_store_dies_before_the_last_result_is_asked_for(self, score, project, monkeypatch):
        def away(*_):
            raise tracking.refused("the store", ConnectionError("Connection refused"))

        monkeypatch.setattr(tracking, "last_scoring", away)
        code, _, err = score()
        assert code == 0
        assert "not held against the last result" in err
        assert (project / "out.parquet").exists()

    def test_neither_logged_nor_kept(self, score, project, monkeypatch):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("mlflow.client.MlflowClient.create_run", full)
        monkeypatch.setattr(tracking, "keep_pending", full)
        code, _, err = score()
        assert (code, "is complete, but its run could neither be logged" in last_line(err)) == (1, True)

    def test_too_little_memory_is_no_matter_of_the_form(self, score, project):
        code, _, err = score("engine.memory_limit=1MB", "engine.threads=1")
        line = last_line(err)
        assert code == 1
        assert "out of memory" in line
        assert "files of one form" not in line
        assert not list(project.glob(".*.scoring"))


class TestSurroundings:
    @pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Pacific/Apia"])
    def test_the_clock_of_the_machine_changes_nothing(self, score, project, monkeypatch, zone):
        assert score(output="here.parquet")[0] == 0
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            assert score(output="there.parquet")[0] == 0
        finally:
            monkeypatch.delenv("TZ")
            time.tzset()
        assert (project / "here.parquet").read_bytes() == (project / "there.parquet").read_bytes()


def run(*words: str, **given) -> subprocess.CompletedProcess:
    """The command in a process of its own; one whose modules were imported before."""
    return forks.run("-m", "patronage.cli", *words, **given)


def start_anew(*words: str, **given) -> subprocess.CompletedProcess:
    """The command in a process that its start is part of."""
    return subprocess.run(
        [sys.executable, "-m", "patronage.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **given,
    )


def score_words(fitted, store: str, *more: str) -> list[str]:
    return [
        "score", "model=models:/patronage@champion", "data=tables", f"data.transactions.path={fitted.log}",
        f"cutoff={CUTOFF}", "output=out.parquet", f"tracking.uri={store}", *more,
    ]  # fmt: skip


@pytest.mark.slow
class TestProcesses:
    def test_cron_has_neither_home_nor_locale(self, fitted, store, project):
        bare = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        done = start_anew(*score_words(fitted, store), env=bare, cwd=project)
        assert done.returncode == 0, done.stderr
        assert open_runs(store) == []

    def test_a_store_that_stays_locked(self, fitted, store, project):
        with closing(sqlite3.connect(store.removeprefix("sqlite:///"), isolation_level=None)) as holder:
            holder.execute("PRAGMA journal_mode = DELETE")
            holder.execute("BEGIN EXCLUSIVE")
            done = run(*score_words(fitted, store), cwd=project)
        assert done.returncode == 75, done.stderr
        assert "is locked by another process" in last_line(done.stderr)

    def test_a_server_that_never_answers(self, fitted, project):
        import socket

        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(50)
            uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
            short = os.environ | {"MLFLOW_HTTP_REQUEST_TIMEOUT": "1", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
            done = run(*score_words(fitted, uri), cwd=project, env=short)
        assert done.returncode == 75, done.stderr
        assert "does not answer" in last_line(done.stderr)

    def test_a_server_that_is_stopped_and_not_dead(self, fitted, project):
        """The kernel still takes connections for a process that SIGSTOP holds; only the answer never comes."""
        serve = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler)"
        server = subprocess.Popen(
            [sys.executable, "-c", f"{serve}; print(s.server_port, flush=True); s.serve_forever()"],
            stdout=subprocess.PIPE, text=True, cwd=project,
        )  # fmt: skip
        try:
            port = server.stdout.readline().strip()
            server.send_signal(signal.SIGSTOP)
            short = os.environ | {"MLFLOW_HTTP_REQUEST_TIMEOUT": "1", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
            done = run(*score_words(fitted, f"http://127.0.0.1:{port}"), cwd=project, env=short)
        finally:
            server.kill()
            server.communicate()
        assert done.returncode == 75, done.stderr
        assert "does not answer" in last_line(done.stderr)
        assert not (project / "out.parquet").exists()

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
    def test_a_job_that_is_ended_from_outside(self, fitted, store, project, tmp_path, number, code):
        place = project / "tmp"
        place.mkdir()
        words = score_words(fitted, store, "passes=8", "engine.memory_limit=1GB")
        job = forks.start("-m", "patronage.cli", *words, cwd=project, env=os.environ | {"TMPDIR": str(place)})
        deadline = time.monotonic() + 200
        while not list((project / ".out.parquet.scoring").glob("counts-*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        job.send_signal(number)
        _, err = job.communicate(timeout=100)
        assert job.returncode == code, err
        assert not (project / "out.parquet").exists()
        if number != signal.SIGKILL:
            assert "stopped by SIG" in last_line(err)
            assert list((project / ".out.parquet.scoring").glob("patronage-*")) == []
            assert list(place.iterdir()) == []
        again = run(*words, cwd=project, env=os.environ | {"TMPDIR": str(place)})
        assert again.returncode == 0, again.stderr
        assert "of 8 passes of an interrupted job" in again.stderr
        assert open_runs(store) == []
        assert not list(project.glob(".out.parquet.scoring"))

    def test_logs_are_json_and_results_are_on_stdout(self, fitted, store, project):
        done = run(*score_words(fitted, store, "logging=json", "-v"), cwd=project)
        assert done.returncode == 0, done.stderr
        entries = [json.loads(line) for line in done.stderr.splitlines()]
        assert {"time", "level", "job", "run_id", "message"} <= set(entries[0])
        assert "assignments" in done.stdout
        assert not [entry for entry in entries if "urllib3" in entry["message"]]

    @ONLY_ROOT
    def test_a_second_user_scores_with_a_model_that_is_only_readable(self, fitted, registered, tmp_path_factory):
        home = tmp_path_factory.mktemp("second")
        home.chmod(0o777)
        (home / "mlruns").mkdir()
        (home / "mlruns").chmod(0o777)
        for place in (home, Path(registered.removeprefix("sqlite:///")), fitted.log):
            for folder in place.parents:
                if folder != folder.parent and not folder.stat().st_mode & 0o005:
                    folder.chmod(folder.stat().st_mode | 0o005)

        def become() -> None:
            os.setgid(65534)
            os.setuid(65534)

        try:
            subprocess.run([sys.executable, "-c", ""], preexec_fn=become, check=True)
        except (PermissionError, subprocess.CalledProcessError):
            pytest.skip("another user cannot start this Python")
        environment = os.environ | {"HOME": str(home)}
        done = start_anew(*score_words(fitted, registered), cwd=home, preexec_fn=become, env=environment)
        assert done.returncode == 0, done.stderr
        assert "this user may only read the MLflow store" in done.stderr
        assert (home / "out.parquet").exists()
        assert list((home / "mlruns" / "pending").glob("*.json"))


def test_two_writers_at_once(score, fitted, project, store):
    """The second of two jobs of one output is refused; the first one ends well."""
    target, entered, leave = scoring.parse("out.parquet"), threading.Event(), threading.Event()

    def hold() -> None:
        with scoring.alone(target):
            entered.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(10)
    try:
        code, _, err = score()
    finally:
        leave.set()
        holder.join()
    assert (code, "another job is writing it" in last_line(err)) == (75, True)
    assert score()[0] == 0
