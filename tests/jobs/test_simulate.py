from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_it_writes_the_tables_and_prints_where(patronage, project):
    code, out, _ = patronage(
        "simulate", "output=made", "data.simulated.customers=200", "data.simulated.days=100", "threads=1"
    )
    assert code == 0
    assert f"made in {project / 'made'}" in out
    assert "customers.parquet  200 rows" in out
    tables = {"transactions", "events", "customers", "truth", "truth_stages"}
    assert {path.stem for path in (project / "made").iterdir()} == {*tables, "settings"}


def test_only_the_simulated_source_can_be_simulated(patronage):
    code, _, err = patronage("simulate", "data=cdnow", "output=made")
    assert code == 2
    assert "data.source=cdnow; expected one of simulated" in err
