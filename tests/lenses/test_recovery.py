"""The table of benchmarks/recovery.md, derived again from fewer customers."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def again(simulated, lens_settings):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import recovery
    finally:
        sys.path.remove(str(BENCHMARKS))
    return recovery.table(simulated.tables, simulated.truth, datetime(2024, 1, 1), lens_settings).set_index("truth")


@pytest.fixture(scope="module")
def committed():
    lines = (BENCHMARKS / "recovery.md").read_text().splitlines()
    header, *rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def test_it_speaks_of_the_same_lenses(again, committed):
    assert list(committed) == list(again.index)


@pytest.mark.parametrize("column", ["lens, known", "naive, known", "lens, all", "majority"])
def test_its_figures_hold_at_small_scale(again, committed, column):
    for truth, row in again.iterrows():
        assert row[column] == pytest.approx(float(committed[truth][column]), abs=0.07), truth


def test_where_they_speak_lenses_say_more_than_the_first_rule_and_chance(again):
    assert (again["lens, known"] > again["majority"] + 0.1).all()
    assert (again["lens, known"] > again["naive, known"]).all()
