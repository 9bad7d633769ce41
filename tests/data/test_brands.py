"""Values of private_label that nobody knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from conftest import BY_HAND, through_the_door
from patronage import data, jobs
from patronage.config import DataConfig, TransactionsConfig
from patronage.config.lenses import PurchaseConfig
from patronage.data.brands import find_unknown_brands
from patronage.data.finding import DataFindings
from patronage.data.keys import CONF
from patronage.engine import DuckDB


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (
            ["Eigenmarke", "Marke"],
            "9 of 9 rows have a value that lenses.purchase.own_label does not know",
        ),
        (["yes", "store"], "4 of 9 rows have a value that lenses.purchase.own_label does not know: store"),
        (["Private", "National"], None),
        (["1", "0"], None),
    ],
)
def test_words_for_brands_that_nobody_knows_are_named(values, found):
    findings = DataFindings()
    tables = through_the_door(BY_HAND.assign(private_label=values * 5))
    find_unknown_brands(tables.engine, tables.present, PurchaseConfig().own_label, findings, CONF)
    assert [found in each.what for each in findings] == ([True] if found else [])
    assert [each.severity.name for each in findings] == ([] if not found else ["NOTE" if "yes" in values else "SEVERE"])


def test_without_brands_none_is_looked_for(by_hand):
    findings = DataFindings()
    find_unknown_brands(by_hand.engine, by_hand.present, [], findings, CONF)
    assert list(findings) == []


def test_a_load_names_them(tmp_path):
    BY_HAND.assign(private_label="Eigenmarke").to_csv(tmp_path / "o.csv", index=False)
    config = DataConfig("shop", transactions=TransactionsConfig(path=str(tmp_path / "o.csv")))
    told = data.load(DuckDB(1), config, own_label=["private"]).summary()
    assert "! transactions.private_label: 9 of 9 rows have a value that lenses.purchase.own_label does not know" in told
    assert "private_label" not in data.load(DuckDB(1), config, own_label=["eigenmarke"]).summary()


def test_every_command_that_loads_a_log_gives_the_words():
    calls = [
        node
        for path in Path(jobs.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "data.load"
    ]
    assert len(calls) >= 8
    assert [ast.unparse(call) for call in calls if "own_label" not in {word.arg for word in call.keywords}] == []
