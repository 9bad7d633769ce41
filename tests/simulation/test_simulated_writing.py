"""Simulated tables on disk: the same bytes again, whole or not at all, and nothing of the truth in the engine."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from patronage import data
from patronage import names as c
from patronage.config import DataConfig, typed
from patronage.data import simulated
from patronage.data.contract import CONTRACTS
from patronage.data.simulated import SimulatedConfig, simulate, write
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError
from patronage.simulation import block, writing

SMALL = {"customers": 1500, "days": 200, "seed": 7}
TABLES = ("transactions", "events", "customers", "truth", "truth_stages")


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def equal(one, other):
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


class TestReproducible:
    def test_the_same_seed_gives_the_same_customers_and_0_is_a_seed(self):
        zero = simulate(300, 0)
        equal(zero, simulate(300, 0))
        assert not zero.transactions.equals(simulate(300, 1).transactions)
        assert not zero.truth.equals(simulate(300, 1).truth)

    def test_a_customer_is_the_same_whoever_stands_beside_her(self):
        few, many = simulate(700, 3), simulate(2000, 3)
        for name in TABLES:
            whole, part = getattr(many, name), getattr(few, name)
            same = whole[whole[c.CUSTOMER_ID].isin(few.customers[c.CUSTOMER_ID])].reset_index(drop=True)
            pd.testing.assert_frame_equal(part, same)

    def test_events_change_nothing_in_the_orders(self):
        silent = simulate(300, 0, events=False)
        assert silent.events.empty
        pd.testing.assert_frame_equal(silent.transactions, simulate(300, 0).transactions)

    def test_threads_change_no_byte_and_chunks_no_row(self, tmp_path, monkeypatch):
        settings = SimulatedConfig(customers=9 * block.SIZE + 5, days=120)
        write(settings, tmp_path / "one", threads=1)
        write(settings, tmp_path / "three", threads=3)
        assert digests(tmp_path / "one") == digests(tmp_path / "three")
        monkeypatch.setattr(writing, "BLOCKS_OF_GROUP", 3)
        write(settings, tmp_path / "small", threads=2)
        for name in TABLES:
            one, small = (pd.read_parquet(tmp_path / folder / f"{name}.parquet") for folder in ("one", "small"))
            pd.testing.assert_frame_equal(one, small)
        assert len(one)

    def test_what_is_written_is_what_is_simulated(self, tmp_path):
        rows = write(SimulatedConfig(**SMALL), tmp_path / "out")
        made = simulate(**SMALL)
        for name in TABLES:
            frame = getattr(made, name)
            assert rows[name] == len(frame) > 0
            read = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
            pd.testing.assert_frame_equal(read, frame, check_dtype=False)
        assert json.loads((tmp_path / "out" / "settings.json").read_text())["seed"] == 7


class TestCorners:
    @pytest.mark.parametrize(
        "corner",
        [
            {"buyer_share": 0.0},
            {"days": 7},
            {"days": 45, "start": "2024-02-29"},
            {"messages_per_year": 0, "offers_per_year": 0, "account_share": 0.0},
            {"signup_span": 0.0, "occasion_share": 1.0, "buyer_share": 1.0, "return_share": 1.0, "account_share": 1.0},
            {"purchase_alpha_days": 1e5},
            {"dropout_beta_days": 1e-2},
        ],
        ids=str,
    )
    def test_extreme_settings_give_sound_tables(self, corner):
        made = simulate(40, 0, **corner)
        assert len(made.customers) == len(made.truth) == made.truth_stages[c.CUSTOMER_ID].nunique() == 40
        numbers = made.truth.select_dtypes("number").drop(columns=[c.TRUE_OCCASION_PERIOD_DAYS, c.TRUE_OCCASION_DAY])
        assert np.isfinite(numbers.to_numpy()).all()
        assert made.transactions.empty == (corner.get("buyer_share") == 0 or corner.get("days") == 7)
        assert made.transactions[c.AMOUNT].abs().between(0.01, 1e6).all()
        start = pd.Timestamp(corner.get("start", "2022-01-01"))
        end = start + pd.Timedelta(days=corner.get("days", 730))
        assert made.events[c.OCCURRED_AT].between(start, end, inclusive="left").all()


class TestWhole:
    def test_a_failure_leaves_nothing_behind(self, tmp_path, monkeypatch):
        draw = block.draw

        def fails(settings, number):
            if number == 1:
                raise OSError("the disk is full")
            return draw(settings, number)

        monkeypatch.setattr(writing, "BLOCKS_OF_GROUP", 1)
        monkeypatch.setattr(block, "draw", fails)
        with pytest.raises(OSError, match="the disk is full"):
            write(SimulatedConfig(**SMALL), tmp_path / "out")
        assert list(tmp_path.iterdir()) == []

    def test_a_full_folder_is_not_overwritten(self, tmp_path):
        (tmp_path / "mine.csv").write_text("a\n")
        with pytest.raises(DataError, match="there already and not an empty folder"):
            write(SimulatedConfig(**SMALL), tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


class TestSource:
    def test_all_tables_pass_the_door_and_the_truth_stays_outside(self, project):
        attributes = {"age": "demographic", "industry": "firmographic"}
        config = DataConfig(name="simulated", on_duplicate_rows="keep", simulated=SMALL)
        config.customers.attributes.update(attributes)
        engine = DuckDB(threads=2)
        tables = data.load(engine, config)
        for contract in CONTRACTS:
            assert tables.present[contract.name] >= set(contract.kinds)
        assert tables.unknown_events == {}
        assert tables.notes == ()
        assert tables.rows["customers"] == 1500
        assert set(attributes) <= tables.present["customers"]
        columns = engine.frame("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal")
        assert set(columns["table_name"]) >= {contract.name for contract in CONTRACTS}
        assert not columns["column_name"].str.startswith("true_").any()

    def test_it_is_made_once_and_again_for_other_settings(self, project, monkeypatch):
        config = DataConfig(name="simulated", simulated=SMALL)
        simulated.bring(DuckDB(threads=1), config)
        (folder,) = (project / "mlruns" / "simulated").iterdir()
        before = digests(folder)
        monkeypatch.setattr(simulated, "write", None)  # a second writing would fail
        simulated.bring(DuckDB(threads=1), config)
        assert digests(folder) == before
        assert {f"{name}.parquet" for name in TABLES} < set(before)
        assert simulated.cache_folder(SimulatedConfig(**SMALL)) == folder
        assert simulated.cache_folder(SimulatedConfig(**SMALL | {"seed": 8})) != folder

    def test_who_comes_second_takes_what_the_first_has_made(self, project, monkeypatch):
        def beaten(settings, folder, on_progress=None):
            write(settings, folder)
            raise DataError("there already")

        monkeypatch.setattr(simulated, "write", beaten)
        brought = simulated.bring(DuckDB(threads=1), DataConfig(name="simulated", simulated=SMALL))
        assert set(brought) == {"transactions", "events", "customers"}

    def test_without_events_there_is_no_such_table(self, project):
        brought = simulated.bring(DuckDB(threads=1), DataConfig(name="simulated", simulated=SMALL | {"events": False}))
        assert set(brought) == {"transactions", "customers"}


class TestSettings:
    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("customers", 0, "data.simulated.customers=0; expected 1 to"),
            ("seed", -1, "data.simulated.seed=-1; expected 0 to"),
            ("spend_q", 1.0, "data.simulated.spend_q=1.0; expected 1.01"),
            ("buyer_share", 1.5, "data.simulated.buyer_share=1.5; expected 0 to 1"),
            ("start", "soon", "data.simulated.start=soon; expected a day"),
            ("days", "x", "data.simulated: Value 'x' of type 'str' could not be converted to Integer"),
            ("typo", 1, "data.simulated: Key 'typo' not in"),
        ],
    )
    def test_what_is_wrong_is_named(self, key, value, message):
        with pytest.raises(ConfigError, match=message):
            simulated.read_settings({key: value})

    def test_the_data_card_gives_every_key_and_the_defaults(self):
        from omegaconf import OmegaConf

        from patronage.config.places import conf_dir

        card = OmegaConf.load(conf_dir() / "data" / "simulated.yaml")
        assert typed(DataConfig, card).name == "simulated"
        assert OmegaConf.to_container(card.simulated) == vars(SimulatedConfig())


class TestVerb:
    def test_it_writes_the_tables_and_says_where(self, patronage, project):
        code, out, _ = patronage(
            "simulate", "output=made", "data.simulated.customers=200", "data.simulated.days=100", "threads=1"
        )
        assert code == 0
        assert f"made in {project / 'made'}" in out
        assert "customers.parquet  200 rows" in out
        assert {path.stem for path in (project / "made").iterdir()} == {*TABLES, "settings"}

    def test_only_the_simulated_can_be_simulated(self, patronage):
        code, _, err = patronage("simulate", "data=cdnow", "output=made")
        assert code == 2
        assert "data.name=cdnow; expected one of simulated" in err
