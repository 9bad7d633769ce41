"""The command before any verb runs: usage, version, unknown verbs, and one line for whatever fails."""

from __future__ import annotations

import pytest

import patronage
from conftest import command
from patronage import cli
from patronage.errors import ConfigError


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["-h"], 0), (["help"], 0), ([], 2)])
def test_usage_names_every_verb(words, code):
    exit_code, out, _ = command(*words)
    assert exit_code == code
    assert all(f"  {verb}" in out for verb in cli.VERBS)


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
