"""The commands of docs/tutorial_retail.md are commands, and what it tells of the log is so."""

from __future__ import annotations

import re
import shlex

import pytest

from conftest import REPO, command
from patronage import names as c
from patronage.jobs.compose import settings

PAGE = (REPO / "docs" / "tutorial_retail.md").read_text()
RETAIL = REPO.parent / "shared" / "data" / "retail" / "online_retail_ii.parquet"
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^    (patronage .*)$", PAGE, re.M)]


def test_there_are_three_of_them():
    assert [words[0] for words in COMMANDS] == ["check", "train", "score"]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_every_command_is_one(words):
    config = settings(words[0], words[1:])
    assert config.data.name == "online_retail"
    assert config.data.transactions.path == RETAIL.name


def test_the_list_reads_columns_that_a_training_writes():
    block = PAGE[PAGE.index("import pandas") : PAGE.index("`holdout` is true")]
    read = set(re.findall(r'"([a-z_]+)"', block)) - {"win_back", "at_risk"}
    assert read <= {value for name, value in vars(c).items() if name.isupper() and isinstance(value, str)}
    assert len(read) > 5


@pytest.mark.slow
@pytest.mark.skipif(not RETAIL.is_file(), reason="without the retail log beside the project")
def test_the_first_command_finds_what_the_page_tells(project):
    (project / RETAIL.name).symlink_to(RETAIL)
    code, out, err = command(*COMMANDS[0])
    assert code == 0, err
    assert (project / "report.html").exists()
    told = " ".join(PAGE.split())
    for pattern in (
        r"no customer ([\d,]+)", r"no product ([\d,]+)", r"of ([\d,]+) rows of transactions",
        r"([\d,]+) of [\d,]+ refunds", r"of ([\d,]+) refunds", r"([\d,.]+) that matches no earlier line",
    ):  # fmt: skip
        (figure,) = re.search(pattern, out).groups()
        assert figure.strip(",.") in told, f"{pattern}: {figure} now"
