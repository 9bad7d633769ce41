"""The user's own files: every kind, every form, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import BY_HAND
from patronage.config import DataConfig, EventsConfig, TransactionColumns, TransactionsConfig
from patronage.data import load
from patronage.data.files import expand
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError


def read(path, **settings):
    columns = TransactionColumns(**settings.pop("columns", {}))
    zone = settings.pop("timezone", "UTC")
    config = DataConfig(
        name="tables", timezone=zone, transactions=TransactionsConfig(path=path, columns=columns, **settings)
    )
    return load(DuckDB(threads=1), config)


@pytest.mark.slow
def test_files_of_every_kind_hold_the_same_table(tmp_path, by_hand):
    BY_HAND.to_csv(tmp_path / "one.csv", index=False)
    BY_HAND.to_csv(tmp_path / "one.csv.gz", index=False)
    BY_HAND.to_csv(tmp_path / "semicolons.txt", index=False, sep=";")
    BY_HAND.to_parquet(tmp_path / "one.parquet")
    for name in ("one.csv", "one.csv.gz", "semicolons.txt", "one.parquet"):
        assert read(str(tmp_path / name)).fingerprint == by_hand.fingerprint, name


@pytest.mark.slow
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


def test_what_is_not_there_is_one_line(tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "bad.parquet").write_text("not parquet")
    with pytest.raises(DataError, match=r"nothing.csv: no such file"):
        read(str(tmp_path / "nothing.csv"))
    with pytest.raises(DataError, match=r"part\*.csv: no such file"):
        read(str(tmp_path / "part*.csv"))
    with pytest.raises(DataError, match=r"empty.csv is empty; expected a header line and rows"):
        read(str(tmp_path / "empty.csv"))
    with pytest.raises(DataError, match=r"transactions cannot be read: .*bad.parquet"):
        read(str(tmp_path / "bad.parquet"))
    (tmp_path / "orders.xlsx").write_text("a sheet")
    with pytest.raises(ConfigError, match=r"orders.xlsx: neither .csv, .json, .parquet nor .duckdb; say which"):
        read(str(tmp_path / "orders.xlsx"))
    with pytest.raises(ConfigError, match="expected a file, a glob or a list"):
        expand("transactions", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id,ordered_at,amount,amount\na,2024-01-01,1,2\n", "the header names amount twice"),
        ("customer_id,ordered_at,amount\na,2024-01-01,1\nb,2024-01-02\n", "cannot be read"),
        ("customer_id,ordered_at,amount\na,2024-01-01,1\nb,2024-01-02,1,web\n", "cannot be read"),
        ("customer_id,,amount\na,2024-01-01,1\n", "leaves a column without a name"),
        ("customer_id,ordered_at,amount\na,2024-01-01 02:00 PM,1\n", "not a date"),
        ("customer_id,ordered_at,amount\na,2024-01-01 02:00:00 EST,1\n", "not a date"),
        ('customer_id,ordered_at,amount\na,2024-01-01,"1,234.50"\n', "not a number"),
    ],
)
def test_no_row_is_lost_or_misread_in_silence(tmp_path, text, message):
    (tmp_path / "orders.csv").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read(str(tmp_path / "orders.csv"))
    assert "\n" not in str(caught.value)


def test_two_exports_of_different_form_in_one_file_are_not_half_read(tmp_path):
    rows = "".join(f"c{n},2024-01-01,{n}\n" for n in range(300))
    wider = "".join(f"d{n},2024-01-01,{n},web\n" for n in range(100))
    path = tmp_path / "orders.csv"
    path.write_text(f"customer_id,ordered_at,amount\n{rows}customer_id,ordered_at,amount,channel\n{wider}")
    with pytest.raises(DataError, match="cannot be read"):
        read(str(path))


def test_files_of_different_columns_are_not_one_log(tmp_path):
    BY_HAND.to_csv(tmp_path / "a.csv", index=False)
    BY_HAND.rename(columns={"amount": "total"}).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(DataError, match=r"b.csv has other columns \(customer_id, ordered_at, total, order_id\)"):
        read(str(tmp_path / "*.csv"))
    BY_HAND.to_parquet(tmp_path / "a.parquet")
    BY_HAND.rename(columns={"amount": "total"}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match="transactions cannot be read"):
        read(str(tmp_path / "*.parquet"))


def test_other_encodings_are_named(tmp_path):
    (tmp_path / "latin.csv").write_bytes("customer_id,ordered_at,größe\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"is not UTF-8 text \(line 1\); save it as UTF-8, or name its encoding"):
        read(str(tmp_path / "latin.csv"))


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_aware_parquet_moments_of_every_unit_are_read(tmp_path, unit):
    moments = BY_HAND["ordered_at"].dt.tz_localize("Europe/Berlin").astype(f"datetime64[{unit}, Europe/Berlin]")
    BY_HAND.assign(ordered_at=moments).to_parquet(tmp_path / "aware.parquet")
    assert read(str(tmp_path / "aware.parquet"), timezone="Europe/Berlin").first == BY_HAND["ordered_at"].min()


def in_duckdb(tmp_path):
    engine = DuckDB()
    engine.add_frame("orders", BY_HAND)
    engine.run(f"ATTACH '{tmp_path / 'shop.duckdb'}' AS shop")
    engine.run("CREATE TABLE shop.main.orders AS SELECT * FROM orders")
    visits = "SELECT customer_id, ordered_at AS occurred_at, 'visit' AS event FROM orders"
    engine.run(f"CREATE TABLE shop.main.visits AS {visits}")
    engine.run("DETACH shop")
    return str(tmp_path / "shop.duckdb")


def test_tables_of_a_duckdb_file_are_read_and_left_alone(tmp_path):
    path = in_duckdb(tmp_path)
    before = Path(path).read_bytes()
    config = DataConfig(
        name="tables",
        transactions=TransactionsConfig(path=path, table="orders"),
        events=EventsConfig(path=path, table="visits"),
    )
    tables = load(DuckDB(), config)
    assert (tables.rows["transactions"], tables.rows["events"]) == (10, 10)
    assert Path(path).read_bytes() == before


def test_a_table_that_is_not_there_is_named_with_those_that_are(tmp_path):
    path = in_duckdb(tmp_path)
    with pytest.raises(ConfigError, match="data.transactions.table=sales: .* holds orders, visits; name one"):
        load(DuckDB(), DataConfig(name="tables", transactions=TransactionsConfig(path=path, table="sales")))
    (tmp_path / "broken.duckdb").write_text("no database")
    with pytest.raises(DataError, match="cannot be read as a DuckDB file"):
        read(str(tmp_path / "broken.duckdb"))
