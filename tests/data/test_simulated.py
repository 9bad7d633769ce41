"""The simulated source: the cache, and nothing of the truth in the engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from patronage import data
from patronage.config import DataConfig
from patronage.data import simulated
from patronage.data.contract import CONTACTS, CONTRACTS
from patronage.engine import DuckDB
from patronage.simulation.settings import SimulatedConfig

SMALL = {"customers": 1500, "days": 200, "seed": 7}


@pytest.mark.slow
def test_all_tables_pass_the_door_and_the_truth_stays_outside(project):
    attributes = {"age": "demographic", "industry": "firmographic"}
    config = DataConfig(name="simulated", source="simulated", on_duplicate_rows="keep", simulated=SMALL)
    config.customers.attributes.update(attributes)
    engine = DuckDB(threads=2)
    tables = data.load(engine, config)
    simulated_ones = [contract for contract in CONTRACTS if contract is not CONTACTS]  # nobody is contacted there
    for contract in simulated_ones:
        absent = {"ticket_id", "sender", "product_name", "acquisition_cost"}
        assert tables.present[contract.name] >= set(contract.kinds) - absent
    assert tables.unknown_events == {}
    assert all("refunds undo earlier lines" in note for note in tables.notes)
    assert tables.rows["customers"] == 1500
    assert set(attributes) <= tables.present["customers"]
    columns = engine.frame("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal")
    assert set(columns["table_name"]) >= {contract.name for contract in simulated_ones}
    assert not columns["column_name"].str.startswith("true_").any()


def test_the_tables_are_written_once(project):
    config = DataConfig(name="simulated", source="simulated", simulated=SMALL)
    simulated.read_tables(DuckDB(threads=1), config)
    (folder,) = (project / "mlruns" / "simulated").iterdir()
    assert simulated.cache_folder(SimulatedConfig(**SMALL)) == folder
    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {path.stem for path in written} >= {"transactions", "events", "customers", "truth", "truth_stages"}
    simulated.read_tables(DuckDB(threads=1), config)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == written


def test_other_settings_and_another_simulator_have_a_cache_of_their_own(project, tmp_path):
    settings = SimulatedConfig(**SMALL)
    assert simulated.cache_folder(SimulatedConfig(**SMALL | {"seed": 8})) != simulated.cache_folder(settings)
    code = tmp_path / "code"
    code.mkdir()
    (code / "orders.py").write_text("RATE = 1\n")
    before = simulated.cache_folder(settings, code)
    (code / "orders.py").write_text("RATE = 2\n")
    assert simulated.cache_folder(settings, code) != before
    assert (simulated.SIMULATOR / "purchases.py").is_file()


def test_two_that_write_at_once_both_get_the_tables(project):
    config = DataConfig(name="simulated", source="simulated", simulated=SMALL)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: set(simulated.read_tables(DuckDB(threads=1), config)), range(2)))
    assert both == [{"transactions", "events", "customers"}] * 2
    assert len(list((project / "mlruns" / "simulated").iterdir())) == 1


def test_without_events_there_is_no_such_table(project):
    tables = simulated.read_tables(
        DuckDB(threads=1), DataConfig(name="simulated", source="simulated", simulated=SMALL | {"events": False})
    )
    assert set(tables) == {"transactions", "customers"}
