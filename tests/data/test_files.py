"""What a file is: by its content; files of one path that disagree."""

from __future__ import annotations

import gzip

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from conftest import BY_HAND
from patronage import read
from patronage.data.files import form_of
from patronage.errors import DataError

CSV = "customer_id,ordered_at,amount\na,2024-01-01,1\nb,2024-01-02,2.5\n"


@pytest.mark.parametrize("name", ["o.csv", "O.CSV.GZ", "orders (1).csv", "orders [1].csv", "o.dat"])
def test_a_packed_file_is_read_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(CSV.encode()))
    form = "csv" if name.endswith(".dat") else None
    assert read(tmp_path / name, format=form).rows == {"transactions": 2}


def test_zstandard_and_plain_files_are_one_log(tmp_path):
    with pa.output_stream(str(tmp_path / "a.csv.zst"), compression="zstd") as stream:
        stream.write(CSV.encode())
    (tmp_path / "b.csv").write_text(CSV.replace("2024", "2023"))
    assert read([tmp_path / "a.csv.zst", tmp_path / "b.csv"]).rows == {"transactions": 4}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04rest", "a zip or an Excel file; unpack it"),
        (b"BZh91AY", "packed by bzip2"),
        (b"SQLite format 3\x00", "an SQLite database; export the table"),
        (CSV.encode("utf-16"), "UTF-16 text and not UTF-8"),
        (gzip.compress(b"PAR1...."), "parquet packed by gzip; unpack it"),
    ],
    # by name: the packed bytes hold the time, and two workers must collect the same tests
    ids=["zip", "bzip2", "sqlite", "utf16", "packed_parquet"],
)
def test_what_nobody_reads_is_named(tmp_path, content, message):
    (tmp_path / "o.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        form_of("transactions", str(tmp_path / "o.csv"), None)


def test_json_lines_hold_the_same_table(tmp_path, by_hand):
    BY_HAND.assign(ordered_at=BY_HAND["ordered_at"].astype(str)).to_json(
        tmp_path / "o.jsonl", orient="records", lines=True
    )
    assert read(tmp_path / "o.jsonl").fingerprint == by_hand.fingerprint


def test_keys_of_later_json_rows_are_columns_and_numbers_keep_their_digits(tmp_path):
    (tmp_path / "o.json").write_text(
        '[{"customer_id": "007", "ordered_at": "2024-01-01", "amount": 1},'
        ' {"customer_id": 9007199254740993, "ordered_at": "2024-01-02", "amount": 2.5, "channel": "web"}]'
    )
    with read(tmp_path / "o.json") as log:
        assert "channel" in log.present["transactions"]
        ids = log.engine.frame("SELECT customer_id FROM transactions ORDER BY ordered_at")["customer_id"].tolist()
    assert ids == ["007", "9007199254740993"]


def parquet(path, **columns):
    pd.DataFrame({"ordered_at": pd.to_datetime(["2024-01-01", "2024-02-01"]), **columns}).to_parquet(path)


def total(folder):
    with read(f"{folder}/*.parquet") as log:
        (amount,) = log.engine.row("SELECT sum(amount) FROM transactions")
        ids = log.engine.frame("SELECT DISTINCT customer_id FROM transactions ORDER BY 1")["customer_id"].tolist()
        return amount / log.money_scale, ids, log.findings


def test_files_that_disagree_in_numbers_are_read_by_the_wider_type(tmp_path):
    parquet(tmp_path / "a.parquet", customer_id=["x", "y"], amount=[10, 20])
    parquet(tmp_path / "b.parquet", customer_id=["x", "y"], amount=[1.25, 2.24])
    amount, _, findings = total(tmp_path)
    assert amount == pytest.approx(33.49)
    assert "2 files disagree in its type: BIGINT in a.parquet, DOUBLE in b.parquet" in findings[0].what


def test_decimals_of_different_scale_keep_their_cents(tmp_path):
    for name, scale, values in (("a", 1, ["10.5", "1.5"]), ("b", 2, ["0.14", "2.01"])):
        amounts = pa.array([__import__("decimal").Decimal(value) for value in values], pa.decimal128(4, scale))
        parquet(
            tmp_path / f"{name}.parquet",
            customer_id=["x", "y"],
            amount=pd.array(amounts, dtype=pd.ArrowDtype(amounts.type)),
        )
    assert total(tmp_path)[0] == pytest.approx(14.15)


def test_numbers_floats_and_text_of_ids_meet_as_what_they_mean(tmp_path):
    parquet(tmp_path / "a.parquet", customer_id=[7, 17850], amount=[1, 1])
    parquet(tmp_path / "b.parquet", customer_id=["007", "17850"], amount=[3, 3])
    parquet(tmp_path / "c.parquet", customer_id=[7.0, 17850.0], amount=[2, 2])
    assert total(tmp_path)[1] == ["007", "17850", "7"]


def test_moments_with_and_without_a_zone_are_refused(tmp_path):
    parquet(tmp_path / "a.parquet", customer_id=["x", "y"], amount=[1, 1])
    frame = pd.read_parquet(tmp_path / "a.parquet")
    frame.assign(ordered_at=frame["ordered_at"].dt.tz_localize("Europe/Berlin")).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"files disagree in column ordered_at: TIMESTAMP.* in .*a.parquet"):
        total(tmp_path)


def test_a_folder_key_is_a_column_unless_the_files_have_it(tmp_path):
    for day, region in (("2024-01-05", "north"), ("2024-01-06", "s%C3%BCd")):
        folder = tmp_path / f"ordered_at={day}" / f"location={region}"
        folder.mkdir(parents=True)
        frame = pd.DataFrame({"customer_id": ["a"], "ordered_at": pd.to_datetime([f"{day} 13:30"]), "amount": [1.0]})
        frame.to_parquet(folder / "part.parquet")
    (tmp_path / "_SUCCESS").touch()
    with read(tmp_path) as log:
        rows = log.engine.frame("SELECT ordered_at, location FROM transactions ORDER BY ordered_at")
    assert rows["ordered_at"].dt.hour.tolist() == [13, 13]
    assert rows["location"].tolist() == ["north", "süd"]


def test_files_of_different_formats_are_not_one_log(tmp_path):
    (tmp_path / "a.csv").write_text(CSV)
    BY_HAND.to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"a.csv and .*b.parquet are of different formats"):
        read(tmp_path)


@pytest.mark.slow
def test_a_query_and_a_view_of_a_duckdb_file(tmp_path, by_hand):
    BY_HAND.to_parquet(tmp_path / "o.parquet")
    with duckdb.connect(tmp_path / "shop.duckdb") as shop:
        shop.execute(f"CREATE TABLE o AS SELECT * FROM '{tmp_path}/o.parquet'; CREATE VIEW v AS SELECT * FROM o")
    for options in ({"table": "v"}, {"query": "SELECT * FROM o;"}):
        assert read(tmp_path / "shop.duckdb", **options).fingerprint == by_hand.fingerprint
    with pytest.raises(DataError, match=r"query fails: .*nothing.*; give one SELECT"):
        read(tmp_path / "shop.duckdb", query="SELECT * FROM nothing")


def test_broken_json_and_utf16_without_a_mark_are_one_line(tmp_path):
    (tmp_path / "o.jsonl").write_text(
        '{"customer_id": "a", "ordered_at": "2024-01-01", "amount": 1}\n{"customer_id": \n'
    )
    with pytest.raises(DataError, match=r"o\.jsonl breaks off in line 2, the last; its writer was stopped"):
        read(tmp_path / "o.jsonl")
    (tmp_path / "o.csv").write_bytes(BY_HAND.to_csv(index=False).encode("utf-16-le"))
    with pytest.raises(DataError, match="is UTF-16 text"):
        read(tmp_path / "o.csv")


@pytest.mark.slow
def test_csv_files_whose_columns_stand_in_another_order_are_read_by_name(tmp_path):
    BY_HAND.head(6).to_csv(tmp_path / "a.csv", index=False)
    BY_HAND.tail(4)[sorted(BY_HAND)].to_csv(tmp_path / "b.csv", index=False)
    with read(tmp_path) as log, read(BY_HAND) as whole:
        assert log.fingerprint == whole.fingerprint


def test_a_file_that_is_cut_off_or_not_utf8_is_called_that(tmp_path):
    rows = "customer_id,ordered_at,amount\n" + "".join(f"c{n},2024-01-0{1 + n % 9},{n}.5\n" for n in range(9000))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(rows.encode())[:-4000])
    with pytest.raises(DataError, match="the file is cut off or damaged: pack or copy it again"):
        read(tmp_path / "cut.csv.gz")
    (tmp_path / "latin.csv").write_bytes(f"{rows}J\u00f6rg,2024-01-01,5\n".encode("latin-1"))
    with pytest.raises(
        DataError, match="of latin.csv; a line is not UTF-8 text: save it as UTF-8, or name its encoding"
    ):
        read(tmp_path / "latin.csv")
