"""Paths, SQL and formats reach Hydra as they were typed."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from patronage.jobs.quoting import options_first, quote_values


@pytest.mark.parametrize(
    "value",
    [
        "orders (1).csv",
        "a/b (copy)/*.parquet",
        'SELECT "a" FROM t WHERE b > 1',
        "%d/%m/%Y %H:%M",
        "it's.csv",
        '"Paid Sum" <> 0',
        "'a' || code",
        "x=1/o",
    ],
)
def test_a_value_arrives_as_it_was_typed(value):
    (argument,) = quote_values([f"data.transactions.path={value}"])
    assert OverridesParser.create().parse_override(argument).value() == value


@pytest.mark.parametrize(
    "argument",
    ["data=tables", "data.transactions.path=o.csv", "data.transactions.path=[a.csv,b.csv]", "cutoff=2024-01-01",
     "data.transactions.path='a (1).csv'", "personas.k=4,5,6", "data.customers.attributes={a: b}", "-m"],
)  # fmt: skip
def test_what_follows_the_grammar_stays(argument):
    assert quote_values([argument]) == [argument]


def test_a_file_with_a_comma_is_one_value(tmp_path):
    (tmp_path / "a,b.csv").touch()
    assert quote_values([f"output={tmp_path}/a,b.csv"]) == [f'output="{tmp_path}/a,b.csv"']


def test_options_go_before_the_overrides_with_their_values():
    words = ["data=shop", "--config-dir", "conf", "cutoff=2024-01-01", "-m", "seed=1,2", "--cfg=job"]
    assert options_first(words) == ["--config-dir", "conf", "-m", "--cfg=job", *words[:1], words[3], words[5]]
