from __future__ import annotations

import pytest

from conftest import BY_HAND
from patronage.config import DataConfig, TransactionColumns, TransactionsConfig
from patronage.data import load
from patronage.data.tables import expand
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError


def read(path, **asked):
    columns = TransactionColumns(**asked.pop("columns", {}))
    config = DataConfig(name="tables", transactions=TransactionsConfig(path=path, columns=columns, **asked))
    return load(DuckDB(threads=1), config)


def test_files_of_every_kind_hold_the_same_table(tmp_path, by_hand):
    BY_HAND.to_csv(tmp_path / "one.csv", index=False)
    BY_HAND.to_csv(tmp_path / "one.csv.gz", index=False)
    BY_HAND.to_csv(tmp_path / "semicolons.txt", index=False, sep=";")
    BY_HAND.to_parquet(tmp_path / "one.parquet")
    for name in ("one.csv", "one.csv.gz", "semicolons.txt", "one.parquet"):
        assert read(str(tmp_path / name)).fingerprint == by_hand.fingerprint, name


def test_several_files_are_one_log(tmp_path, by_hand):
    BY_HAND.head(4).to_csv(tmp_path / "part1.csv", index=False)
    BY_HAND.tail(6).to_csv(tmp_path / "part2.csv", index=False)
    by_glob = read(str(tmp_path / "part*.csv"))
    by_list = read([str(tmp_path / "part2.csv"), str(tmp_path / "part1.csv")])
    assert by_glob.fingerprint == by_list.fingerprint == by_hand.fingerprint


def test_names_and_dates_are_read_as_the_user_says(tmp_path, by_hand):
    frame = BY_HAND.assign(ordered_at=BY_HAND["ordered_at"].dt.strftime("%d.%m.%Y %H:%M"))
    frame.columns = ["Kunde", "Datum", "Summe €", "Bon"]
    frame.to_csv(tmp_path / "bons.csv", index=False)
    names = {"customer_id": "Kunde", "ordered_at": "Datum", "amount": "Summe €", "order_id": "Bon"}
    assert (
        read(str(tmp_path / "bons.csv"), columns=names, date_format="%d.%m.%Y %H:%M").fingerprint == by_hand.fingerprint
    )


def test_what_is_not_there_is_said(tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "bad.parquet").write_text("not parquet")
    with pytest.raises(DataError, match=r"nothing.csv: no such file"):
        read(str(tmp_path / "nothing.csv"))
    with pytest.raises(DataError, match=r"part\*.csv: no such file"):
        read(str(tmp_path / "part*.csv"))
    with pytest.raises(DataError, match=r"empty.csv is empty; expected a header line and rows"):
        read(str(tmp_path / "empty.csv"))
    with pytest.raises(DataError, match=r"bad.parquet: not readable as parquet"):
        read(str(tmp_path / "bad.parquet"))
    (tmp_path / "orders.xlsx").write_text("a sheet")
    with pytest.raises(ConfigError, match=r"orders.xlsx: neither .csv nor .parquet; say which"):
        read(str(tmp_path / "orders.xlsx"))
    with pytest.raises(ConfigError, match="path is not set"):
        expand("transactions", None)
