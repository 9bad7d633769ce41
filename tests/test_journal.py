"""The log on stderr."""

from __future__ import annotations

import json
import logging
import re

import pytest

from patronage import journal

log = logging.getLogger("patronage.jobs.score")


@pytest.fixture(autouse=True)
def restored():
    yield
    journal.begin(journal.PLAIN, verbose=False)


def test_a_line_has_time_level_job_and_run(capsys):
    journal.begin(journal.PLAIN, verbose=False)
    log.info("first")
    journal.note_run("a" * 32, "FINISHED")
    log.warning("two\nlines")
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} INFO    [0-9a-f]{8} first", first)
    assert re.fullmatch(r"\S+ WARNING [0-9a-f]{8} a{32} two lines", second)


def test_as_json(capsys):
    journal.begin(journal.JSON, verbose=False)
    log.info("first")
    entry = json.loads(capsys.readouterr().err)
    assert (entry["level"], entry["run_id"], entry["message"]) == ("INFO", None, "first")
    failure = json.loads(journal.failure_line("no\nroom", 1))
    assert (failure["level"], failure["message"], failure["exit_code"]) == ("ERROR", "patronage: no room", 1)


def test_short_work_needs_no_progress_and_long_work_has_some(capsys):
    journal.begin(journal.PLAIN, verbose=False)
    journal.step("one")
    assert capsys.readouterr().err == ""
    journal.current().last -= journal.QUIET_SECONDS
    journal.step("two")
    assert capsys.readouterr().err.endswith("two\n")


def test_other_libraries_are_heard_with_v_alone(capsys):
    journal.begin(journal.PLAIN, verbose=False)
    logging.getLogger("urllib3").warning("Retrying")
    assert capsys.readouterr().err == ""
    journal.begin(journal.PLAIN, verbose=True)
    logging.getLogger("urllib3").warning("Retrying")
    journal.step("one")
    assert capsys.readouterr().err.count("\n") == 2
