"""`patronage.data.read`: every form of the same ten rows is the same log, and the caller's own is left alone."""

from __future__ import annotations

import doctest
import gc
from datetime import date
from decimal import Decimal
from inspect import signature
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from omegaconf import OmegaConf

from conftest import BY_HAND, REPO, through_the_door
from patronage.data import Tables, read, reading
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError


def in_files(folder: Path, source: str) -> object:
    if source == "csv":
        BY_HAND.to_csv(folder / "orders.csv", index=False)
        return str(folder / "orders.csv")
    if source == "path":
        BY_HAND.to_parquet(folder / "orders.parquet")
        return folder / "orders.parquet"
    BY_HAND.head(4).to_parquet(folder / "part1.parquet")
    BY_HAND.tail(6).to_parquet(folder / "part2.parquet")
    if source == "glob":
        return str(folder / "part*.parquet")
    return [folder / "part2.parquet", str(folder / "part1.parquet")]


@pytest.mark.parametrize("source", ["csv", "path", "glob", "list"])
def test_files_are_the_log(tmp_path, by_hand, source):
    assert read(in_files(tmp_path, source)).fingerprint == by_hand.fingerprint


IN_MEMORY = {
    "frame": lambda frame: frame,
    "shuffled frame of another index": lambda frame: frame.sample(frac=1, random_state=0).set_index(frame.index + 7),
    "customers as the index": lambda frame: frame.set_index("customer_id"),
    "two levels of the index": lambda frame: frame.set_index(["customer_id", "ordered_at"]),
    "objects": lambda frame: frame.astype(object),
    "text": lambda frame: frame.astype(str),
    "Arrow strings": lambda frame: frame.astype({"customer_id": "string[pyarrow]", "amount": "float"}),
    "Arrow-backed": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "categories": lambda frame: frame.astype(dict.fromkeys(["customer_id", "order_id"], "category")),
    "categories of moments": lambda frame: frame.astype({"ordered_at": "category"}),
    "categories of text moments": lambda frame: frame.astype({"ordered_at": "str"}).astype({"ordered_at": "category"}),
    "nanoseconds": lambda frame: frame.astype({"ordered_at": "datetime64[ns]"}),
    "moments of Python": lambda frame: frame.assign(ordered_at=frame["ordered_at"].dt.to_pydatetime().astype(object)),
    "aware": lambda frame: frame.assign(ordered_at=frame["ordered_at"].dt.tz_localize("UTC")),
    "aware objects": lambda frame: frame.assign(ordered_at=frame["ordered_at"].dt.tz_localize("UTC").astype(object)),
    "decimals": lambda frame: frame.assign(amount=[Decimal(str(amount)) for amount in frame["amount"]]),
    "mixed amounts": lambda frame: frame.assign(amount=[*frame["amount"][:5].astype(str), *frame["amount"][5:]]),
    "sparse": lambda frame: frame.astype({"amount": pd.SparseDtype("float")}),
    "Arrow table": lambda frame: pa.Table.from_pandas(frame),
    "Arrow dictionary": lambda frame: pa.Table.from_pandas(frame.astype({"customer_id": "category"})),
    "Arrow batches": lambda frame: pa.Table.from_pandas(frame).to_reader(max_chunksize=3),
    "further columns of every kind": lambda frame: frame.assign(
        span=pd.Interval(0, 1), month=pd.Period("2024-01"), both=[{1, 2}] * 10, cell=[[1, 2]] * 10, nothing=None
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("form", IN_MEMORY)
def test_data_in_memory_is_the_log(form, by_hand):
    source = IN_MEMORY[form](BY_HAND)
    before = source.copy(deep=True) if isinstance(source, pd.DataFrame) else None
    assert read(source).fingerprint == by_hand.fingerprint
    if before is not None:
        pd.testing.assert_frame_equal(source, before)


@pytest.mark.slow
def test_a_relation_of_an_open_connection_is_the_log(by_hand):
    connection = duckdb.connect()
    connection.register("frame", BY_HAND)
    connection.execute("CREATE TYPE customer AS ENUM (SELECT DISTINCT customer_id FROM frame ORDER BY 1)")
    connection.execute("CREATE TABLE orders AS SELECT * REPLACE (customer_id::customer AS customer_id) FROM frame")
    visits = connection.sql("SELECT *, ordered_at AS occurred_at, 'visit' AS event FROM orders")
    log = read(connection.table("orders"), events=visits)
    assert log.rows == {"transactions": 10, "events": 10}
    assert read(connection.sql("SELECT * FROM orders")).fingerprint == by_hand.fingerprint
    assert connection.sql("SELECT count(*) FROM orders").fetchall() == [(10,)]
    totals = connection.sql(
        "SELECT customer_id, max(ordered_at) AS ordered_at, sum(1) AS amount FROM orders GROUP BY 1"
    )
    assert read(totals).rows == {"transactions": 4}  # a sum is a HUGEINT


@pytest.mark.slow
def test_a_table_of_a_duckdb_file_is_the_log(tmp_path, by_hand):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", BY_HAND)
        connection.execute("CREATE TYPE customer AS ENUM (SELECT DISTINCT customer_id FROM frame ORDER BY 1)")
        connection.execute("CREATE TABLE orders AS SELECT * REPLACE (customer_id::customer AS customer_id) FROM frame")
        connection.execute(
            "CREATE VIEW visits AS SELECT customer_id, ordered_at AS occurred_at, 'visit' AS event FROM orders"
        )
    assert read(path, table="orders").fingerprint == by_hand.fingerprint
    both = read(path, events=path, table={"transactions": "orders", "events": "visits"})
    assert both.events == {"visit": 10}
    with pytest.raises(ConfigError, match=r'^table="sales": .* holds orders, visits; name one'):
        read(path, table="sales")
    with pytest.raises(ConfigError, match=r'^table=\{"events": "null"\}: .* holds orders, visits; name one'):
        read(path, table="orders", events=path)


def test_columns_are_named_by_keywords(by_hand):
    frame = BY_HAND.rename(columns={"customer_id": "client", "ordered_at": "date", "amount": 7})
    names = {"customer_id": "client", "ordered_at": "date", "amount": 7}
    assert read(frame, **names).fingerprint == by_hand.fingerprint
    assert read(frame.set_index("client"), **names).fingerprint == by_hand.fingerprint


def test_events_and_customers_are_read_with_names_of_their_own():
    days = [date(2024, 2, 1), date(2024, 2, 2)]
    visits = pd.DataFrame({"client": ["anna", "eve"], "day": days, "what": ["view", "Cart"]})
    clients = pd.DataFrame({"land": ["DE", None]}, index=pd.Index(["anna", "fred"], name="id"))
    log = read(
        BY_HAND,
        events=visits,
        customers=clients,
        events_columns={"customer_id": "client", "occurred_at": "day", "event": "what"},
        customers_columns={"customer_id": "id"},
        attributes={"land": "geographic"},
        vocabulary={"Cart": "add_to_cart"},
    )
    assert log.rows == {"transactions": 10, "events": 2, "customers": 2}
    assert log.events == {"add_to_cart": 1, "view": 1}
    assert log.attributes == {"land": "geographic"}
    assert log.engine.row("SELECT customer_id FROM customers WHERE land = 'DE'") == ("anna",)


def test_settings_are_keywords():
    frame = BY_HAND.assign(ordered_at=BY_HAND["ordered_at"].dt.strftime("%d.%m.%Y"), amount="12")
    frame.loc[0, "amount"] = "a lot"
    log = read(frame, name="shop", date_format="%d.%m.%Y", on_bad_rows="quarantine", left_censored=True)
    assert (log.source, log.left_censored, log.quarantined) == ("shop", True, {"transactions": 1})
    assert log.overview.endswith('1 bad rows of transactions were set aside (on_bad_rows="quarantine")')
    visits = frame.assign(occurred_at=BY_HAND["ordered_at"], event="PageView").drop(columns="amount")
    log = read(BY_HAND, events=visits, date_format={"transactions": "%Y-%m-%d %H:%M:%S"})
    assert "count as engagement only: PageView (10) (vocabulary)" in log.summary()


def test_the_defaults_are_those_of_the_command_line():
    conf = OmegaConf.load(REPO / "conf" / "data" / "tables.yaml")
    defaults = {key: parameter.default for key, parameter in signature(read).parameters.items()}
    same = [
        key
        for key, value in conf.items()
        if key in defaults and isinstance(value, str | int) and key not in ("name", "source")
    ]
    assert len(same) == 9
    assert {key: defaults[key] for key in same} == {key: conf[key] for key in same}


VISITS = BY_HAND.assign(occurred_at=BY_HAND["ordered_at"], event="View")
CUSTOMERS = BY_HAND[["customer_id"]].drop_duplicates()
EQUAL = {"ordered_at": "2024-01-01", "order_id": "1", "amount": 1, "customer_id": "a"}
MESSAGES = [
    ({}, {"amount": "price"}, r'^amount="price": no such column; the table has customer_id, ordered_at, amount'),
    ({}, {"quantity": "amount"}, r'mapped twice, to amount and quantity; give each its own by quantity="\.\.\."$'),
    ({"amount": "ten"}, {}, r'\(such as \'ten\'\); clean the column, map another column by amount="\.\.\."$'),
    ({"amount": ["ten", *[1] * 9]}, {}, r'or set the rows aside by on_bad_rows="quarantine"$'),
    ({"amount": 1e15}, {}, r"too large for 4 decimals .*; lower money_decimals$"),
    ({"ordered_at": "31/01/2024"}, {}, r'read them by date_format="%d/%m/%Y"$'),
    ({"amount": "ten"}, {"on_bad_rows": "quarantine"}, r"10 rows are bad; .*amount.* rows are not a number"),
    (EQUAL, {}, r'9 rows repeat .*of their own by on_duplicate_rows="keep", .* by on_duplicate_rows="drop"$'),
    ({}, {"entity": "account"}, r'^entity="account" needs customers.account_id, .*, or give entity="customer"$'),
    ({}, {"entity": "account"}, r'by customers_columns=\{"account_id": "\.\.\."\}'),
    ({}, {"pseudonymise": True}, r"^pseudonymise=True: \$PATRONAGE_KEY is not set"),
    ({}, {"on_bad_rows": "drop"}, r"^read: on_bad_rows=drop; expected one of fail, quarantine"),
    ({}, {"timezone": "Berlin"}, r"^read: timezone=Berlin; expected a name such as UTC or Europe/Berlin"),
    ({}, {"money_decimals": "many"}, r"^read: .*'many'.*could not be converted to Integer"),
    ({}, {"attributes": {"age": "old"}}, r"^read: attributes.age=old; expected one of demographic"),
    ({}, {"custmer_id": "x"}, r"^read: custmer_id is neither a setting nor a column of transactions; did"),
    ({}, {"on_bad_row": "fail"}, r"^read: on_bad_row is neither .*; did you mean on_bad_rows\?"),
    ({}, {"events_columns": {"when": "x"}}, r"^read: when is neither .* column of events \(expected customer_id, occ"),
    ({}, {"table": {"orders": "x"}}, r"^read: table has no table orders; expected transactions, events, customers"),
    ({}, {"events": BY_HAND}, r'^events.occurred_at is required .* by events_columns=\{"occurred_at": "\.\.\."\}$'),
    ({}, {"events": 7}, r"^events is a int; expected a DataFrame, an Arrow table, a path"),
    ({}, {"events": [BY_HAND, "x.csv"]}, r"^events is a list; expected a DataFrame"),
    ({}, {"events": "no.csv"}, r'^events="no.csv": no such file; paths are relative to'),
    ({}, {"customers": CUSTOMERS, "attributes": {"age": "demographic"}}, r'^attributes\["age"\]: no such column'),
    ({}, {"events": VISITS.assign(occurred_at="x")}, r'read them by date_format=\{"events": "%d/%m/%Y"\}'),
    ({}, {"events": VISITS, "vocabulary": {"View": "look"}}, r"^vocabulary: no such event look; expected message_sent"),
]  # fmt: skip


def test_a_missing_column_is_named_with_its_keyword():
    line = 'transactions.amount is required and not there; .*; name its column by amount="..."$'
    with pytest.raises(ConfigError, match=line):
        read(BY_HAND.drop(columns="amount"))


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "settings", "message"), MESSAGES, ids=lambda value: None)
def test_a_message_names_what_a_python_user_gave(monkeypatch, changes, settings, message):
    monkeypatch.delenv("PATRONAGE_KEY", raising=False)
    with pytest.raises((ConfigError, DataError), match=message) as caught:
        read(BY_HAND.assign(**changes), **settings)
    assert "\n" not in str(caught.value)
    assert "data." not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, r"^source is a NoneType; expected a DataFrame"),
        (BY_HAND.to_dict(), r"^source is a dict; expected a DataFrame"),
        ([], r"^source is a list; expected a DataFrame"),
        (BY_HAND["amount"], r"^source is a Series; expected a DataFrame"),
        (pd.DataFrame(), r"^source: the frame has no columns"),
        (BY_HAND.head(0), r"^log: the transactions are empty; expected a row per order"),
        (pd.concat([BY_HAND, BY_HAND["amount"]], axis=1), r"^source: the frame has the columns amount, which SQL"),
        (BY_HAND.assign(Amount=1), r"^source: the frame has the columns Amount, amount, which SQL does not tell apart"),
        (duckdb.sql("SELECT ('x' || range)::INT AS amount FROM range(9)"), r"^source cannot be read: Conversion Error"),
    ],
)
def test_what_is_no_log_is_one_line(source, message):
    with pytest.raises((ConfigError, DataError), match=message) as caught:
        read(source)
    assert "\n" not in str(caught.value)


def test_moments_of_several_zones_in_one_column_are_refused():
    mixed = [moment.tz_localize("UTC") if row else moment for row, moment in enumerate(BY_HAND["ordered_at"])]
    with pytest.raises(DataError, match="mixes time zones: 9 of 10 rows carry an offset"):
        read(BY_HAND.assign(ordered_at=pd.Series(mixed, dtype=object)))


def test_ids_of_mixed_types_stay_what_they_say():
    log = read(BY_HAND.assign(customer_id=pd.Series([17850, "A5"] * 5, dtype=object)))
    assert log.engine.frame("SELECT DISTINCT customer_id AS id FROM transactions ORDER BY 1")["id"].tolist() == [
        "17850",
        "A5",
    ]
    with pytest.raises(DataError, match="customer_id.*1 of 10 rows are missing"):
        read(BY_HAND.assign(customer_id=pd.Series([None, *range(9)], dtype=object)))


@pytest.mark.parametrize("source", ["", "  ", ["orders.csv", ""]])
def test_an_empty_path_is_not_the_whole_disk(source):
    with pytest.raises(ConfigError, match="source is an empty path; expected a DataFrame"):
        read(source)


class TestTheEngine:
    def test_is_closed_at_the_end_of_a_with_block(self):
        with read(BY_HAND) as log:
            assert log.engine.row("SELECT count(*) FROM transactions") == (9,)
        with pytest.raises(ConfigError, match="the log was closed; read it again"):
            log.engine.row("SELECT 1")
        log.close()

    def test_is_closed_when_the_log_is_collected(self):
        log = read(BY_HAND)
        connection = log.engine._connection.cursor  # bound: it keeps the connection alive, not the engine
        assert connection().execute("SELECT 1").fetchall() == [(1,)]
        del log
        gc.collect()
        with pytest.raises(duckdb.ConnectionException):
            connection()

    def test_keeps_nothing_but_the_log(self):
        log = read(BY_HAND, events=BY_HAND.assign(occurred_at=BY_HAND["ordered_at"], event="visit"))
        tables = log.engine.frame("SELECT table_name AS name FROM duckdb_tables() ORDER BY 1")["name"]
        assert tables.tolist() == ["changed_lines", "events", "line_versions", "lines_as_read", "returns"]

    def test_may_be_the_users(self, tmp_path, by_hand):
        engine = DuckDB(threads=1, memory_limit="500MB", folder=tmp_path)
        log = read(BY_HAND, engine=engine)
        assert (log.engine, log.fingerprint) == (engine, by_hand.fingerprint)
        with pytest.raises(DataError):
            read(BY_HAND.head(0), engine=engine)
        assert engine.row("SELECT 1") == (1,)
        log.close()
        assert list(tmp_path.iterdir()) == []


def test_pseudonyms_are_the_ones_of_the_command_line(monkeypatch):
    monkeypatch.setenv("PATRONAGE_KEY", "a key for these tests")
    expected = through_the_door(BY_HAND, pseudonymise=True)
    assert read(BY_HAND, pseudonymise=True).fingerprint == expected.fingerprint


def test_the_log_shows_itself():
    log = read(BY_HAND, name="shop")
    assert repr(log) == "<shop: 4 customers, 10 transactions, 2024-01-01 to 2024-03-05>"
    assert log.max_staleness_days == 7


@pytest.mark.slow
def test_the_examples_run():
    assert doctest.testmod(reading) == (0, doctest.testmod(reading).attempted)
    assert doctest.testmod(reading).attempted > 3


class TestEventsInParquet:
    """An engine that keeps its tables on disk keeps their files, and no second copy of their rows."""

    VISITS = BY_HAND[["customer_id"]].assign(occurred_at=BY_HAND["ordered_at"], event="visit")

    def read(self, folder: Path, visits: pd.DataFrame, **settings: Any) -> Tables:
        visits.to_parquet(folder / "visits.parquet")
        engine = DuckDB(threads=1, memory_limit="500MB", folder=folder)
        return read(BY_HAND, events=str(folder / "visits.parquet"), engine=engine, **settings)

    @pytest.mark.slow
    def test_stay_as_they_were_read(self, tmp_path):
        in_memory = read(BY_HAND, events=self.VISITS)
        for change in ("another", "none"):
            log = self.read(tmp_path, self.VISITS)
            if change == "another":
                self.VISITS.assign(event="login").to_parquet(tmp_path / "visits.parquet")
            else:
                (tmp_path / "visits.parquet").unlink()
            assert log.engine.frame("SELECT DISTINCT event FROM events")["event"].tolist() == ["visit"]
            assert (log.rows, log.fingerprint) == (in_memory.rows, in_memory.fingerprint)
            log.close()

    def test_may_have_names_that_are_not_ours(self, tmp_path):
        log = self.read(tmp_path, self.VISITS.assign(event="seen"), vocabulary={"seen": "visit"})
        assert dict(log.events) == {"visit": len(self.VISITS)}

    def test_with_bad_rows_set_aside_are_the_good_ones(self, tmp_path):
        bad = self.VISITS.assign(customer_id=[None, *self.VISITS["customer_id"][1:]])
        log = self.read(tmp_path, bad, on_bad_rows="quarantine")
        assert log.engine.row("SELECT count(*) FROM events") == (len(bad) - 1,)
        assert log.quarantined == {"events": 1}
