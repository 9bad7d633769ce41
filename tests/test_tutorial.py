"""The page docs/tutorial_retail.md is followed as it is written, and what it tells of the log is so."""

from __future__ import annotations

import re
import shlex
from inspect import cleandoc

import duckdb
import pandas as pd
import pytest

from conftest import REPO, command, with_store
from patronage import names as c
from patronage.jobs.compose import settings

PAGE = (REPO / "docs" / "tutorial_retail.md").read_text()
RETAIL = REPO.parent / "shared" / "data" / "retail" / "online_retail_ii.parquet"
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^    (patronage .*)$", PAGE, re.M)]
LIST = cleandoc(PAGE[PAGE.index("    from pathlib") : PAGE.index("`holdout` is true")])
TOLD = " ".join(PAGE.split())
CUTOFF = "2011-06-01"


def test_there_are_four_of_them():
    assert [words[0] for words in COMMANDS] == ["check", "train", "promote", "score"]


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_every_command_is_one(words):
    config = settings(words[0], words[1:])
    if words[0] != "promote":
        assert config.data.name == "online_retail"
        assert config.data.transactions.path == RETAIL.name


def test_the_list_reads_columns_that_a_training_writes():
    read = set(re.findall(r'"([a-z_]+)"', LIST)) - {"win_back", "at_risk", "mlruns"}
    assert read <= {value for name, value in vars(c).items() if name.isupper() and isinstance(value, str)}
    assert len(read) > 5


@pytest.fixture(scope="module")
def followed(tmp_path_factory, empty_store):
    """The page from its first line to its last, in an empty folder: what each command printed, and the folder."""
    if not RETAIL.is_file():
        pytest.skip("the retail log is not beside the project")
    folder, printed = with_store(tmp_path_factory.mktemp("tutorial"), empty_store), {}
    (folder / RETAIL.name).symlink_to(RETAIL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("PATRONAGE_ROOT", raising=False)
        for words in COMMANDS:
            if words[0] == "promote":
                exec(LIST, {})  # the list is made after the training, before the next month
            code, printed[words[0]], err = command(*words)
            assert code == 0, err
    return folder, printed


@pytest.fixture(scope="module")
def customers(followed):
    (file,) = (path for path in followed[0].joinpath("mlruns").rglob("assignments.parquet"))
    return pd.read_parquet(file).set_index(c.CUSTOMER_ID)


def number(pattern: str) -> int:
    """A figure of the page."""
    return int(re.search(pattern, TOLD).group(1).replace(",", ""))


@pytest.mark.slow
def test_the_page_tells_what_the_door_finds(followed):
    folder, printed = followed
    assert (folder / "report.html").exists()
    for pattern in (
        r"no customer ([\d,]+)", r"([\d,]+) rows are charges", r"of ([\d,]+) rows of transactions",
        r"of ([\d,]+) credits", r"credits ([\d,]+) give", r"and ([\d,]+) are refunds", r"are refunds \(([\d,.]+)\)",
        r"([\d,]+) of [\d,]+ refunds", r"of ([\d,]+) refunds", r"([\d,.]+) that matches no earlier line",
    ):  # fmt: skip
        (figure,) = re.search(pattern, printed["check"]).groups()
        assert figure.strip(",.") in TOLD, f"{pattern}: {figure} now"


@pytest.mark.slow
def test_the_page_tells_what_the_training_finds(followed, customers):
    status = customers["status_segment"].value_counts()
    assert number(r"after it: ([\d,]+) customers") == len(customers)
    assert number(r"and ([\d,]+) have only lines that were refunded") == status["prospect"]
    for label in ("at_risk", "defector"):
        assert number(rf"([\d,]+) (?:customers )?are `{label}`") == pytest.approx(status[label], rel=0.05)
    assert "better than" in re.search(r"churn +log_loss.*", followed[1]["train"]).group()


@pytest.mark.slow
def test_who_was_refunded_is_neither_worth_much_nor_contacted(customers):
    """By the raw file: all that was ever billed to a customer, beside all that went back, whatever its code."""
    raw = duckdb.sql(
        'SELECT CAST(CAST("Customer ID" AS BIGINT) AS VARCHAR) AS id, sum(greatest(Quantity * Price, 0)) AS billed, '
        f"-sum(least(Quantity * Price, 0)) AS back FROM '{RETAIL}' "
        f"WHERE \"Customer ID\" IS NOT NULL AND InvoiceDate < '{CUTOFF}' GROUP BY id"
    ).df()
    refunded = raw[(raw["back"] > 0) & (raw["back"] >= 0.9 * raw["billed"])]["id"]
    sent_back = customers[customers.index.isin(refunded)]
    assert len(sent_back) == number(r"Of the ([\d,]+) customers of whom 90 %")
    assert not (sent_back[c.CLV] > customers[c.CLV].median()).any()
    assert set(sent_back["action"]) == {"leave_alone"}


@pytest.mark.slow
def test_the_list_is_one_and_next_month_has_its_own(followed, customers):
    folder, printed = followed
    send = pd.read_csv(folder / "send.csv", dtype={c.CUSTOMER_ID: str}).set_index(c.CUSTOMER_ID)
    assert len(send) == 200
    assert (send["expected_profit"] > 0).all()
    assert not customers.loc[send.index, "holdout"].any()
    assert "promoted" in printed["promote"]
    scored = pd.read_parquet(folder / "list.parquet")
    assert len(scored) > len(customers)
    assert scored["cutoff"].astype(str).str.startswith("2011-09-01").all()
