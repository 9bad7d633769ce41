"""The command before any verb runs: usage, version, unknown verbs, and one line for whatever fails."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import patronage
from conftest import command
from patronage.command_line import VERBS
from patronage.errors import ConfigError


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["-h"], 0), (["help"], 0), ([], 2)])
def test_usage_names_every_verb(words, code):
    exit_code, out, _ = command(*words)
    assert exit_code == code
    assert all(f"  {verb}" in out for verb in VERBS)


def test_the_version():
    assert command("--version") == (0, f"{patronage.__version__}\n", "")


def test_an_unknown_verb_is_one_line_with_those_there_are():
    code, out, err = command("trian")
    assert (code, out) == (2, "")
    assert err.startswith("patronage: unknown verb 'trian'; expected one of train, ")
    assert err.count("\n") == 1


def failing(error: BaseException):
    def run_verb(verb: str, words: list[str]) -> None:
        raise error

    return run_verb


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigError("a wrong\n  key"), 2, "patronage: a wrong key\n"),
        (
            ImportError("libx.so: failed to map segment from shared object"),
            1,
            "patronage: out of memory before the job",
        ),
        (OSError(12, "Cannot allocate memory"), 1, "patronage: out of memory before the job began"),
        (ZeroDivisionError("customer 4711"), 1, "unexpected ZeroDivisionError in test_cli.py:"),
    ],
)
def test_an_error_is_one_line_without_values_of_customers(monkeypatch, error, code, line):
    monkeypatch.setattr("patronage.jobs.verbs.run_verb", failing(error))
    exit_code, _, err = command("train")
    assert exit_code == code
    assert line in err
    assert "4711" not in err
    assert err.count("\n") == 1


def test_a_debugging_user_sees_the_traceback(monkeypatch):
    monkeypatch.setenv("PATRONAGE_DEBUG", "1")
    monkeypatch.setattr("patronage.jobs.verbs.run_verb", failing(ConfigError("a wrong key")))
    _, _, err = command("train")
    assert "Traceback" in err


def test_a_password_in_what_is_printed_is_masked(monkeypatch):
    monkeypatch.setattr("patronage.jobs.verbs.run_verb", failing(ConfigError("http://me:hunter2@host is away")))
    _, _, err = command("train")
    assert "hunter2" not in err


HELP = [sys.executable, "-m", "patronage.cli", "--help"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
def test_a_full_disk_under_the_output_ends_no_work():
    with open("/dev/full", "w") as full:
        done = subprocess.run(HELP, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "standard output could not be written (No space left on device)\n")


def test_a_reader_that_has_gone_ends_no_work():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(HELP, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_process_without_streams_writes_into_no_file(tmp_path):
    """As a daemon starts one: the next file that is opened would get the number of a closed stream."""
    script = (
        "import os; from patronage.cli import main\n"
        f"main(['--version']); file = os.open({str(tmp_path / 'data')!r}, os.O_CREAT | os.O_WRONLY)\n"
        "os._exit(0 if file > 2 else 9)"
    )
    closed = [
        sys.executable,
        "-c",
        f"import os, sys; os.closerange(0, 3); os.execv(sys.executable, {[sys.executable, '-c', script]!r})",
    ]
    assert subprocess.run(closed, check=False).returncode == 0
    assert (tmp_path / "data").read_text() == ""


def test_a_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert command("check")[::2] == (1, "patronage: the current folder is gone; go to another one, then start again\n")


def test_python_without_docstrings_is_told_before_libraries_fail_on_it():
    words = [sys.executable, "-OO", "-m", "patronage.cli", "check", "data=cdnow"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Python runs without docstrings (-OO, PYTHONOPTIMIZE=2), and LightGBM needs them" in done.stderr


@pytest.mark.parametrize("megabytes", [400, 900])
def test_a_limit_under_which_the_libraries_do_not_load_is_told_before_they_are(megabytes):
    resource = pytest.importorskip("resource")
    limit = megabytes * 1_000_000
    done = subprocess.run(
        [sys.executable, "-m", "patronage.cli", "check", "data=cdnow"],
        capture_output=True, text=True, timeout=30, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 1
    assert f"this process may use {megabytes} MB (ulimit -v), and the libraries alone take 1,000 MB" in done.stderr
    assert done.stderr.count("\n") == 1
