"""Logs that are read, but are not what their owner believes: each is named in a line, with what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import patronage as pt
from patronage.errors import DataError


def shop(rows=600) -> pd.DataFrame:
    """Sixty customers over twenty months, an order a day."""
    n = np.arange(rows)
    return pd.DataFrame(
        {
            "order_id": [f"{10_000 + number}" for number in n],
            "customer_id": [f"k{number % 60 + 100}" for number in n],
            "ordered_at": pd.Timestamp("2023-01-01 12:00") + pd.to_timedelta(n, unit="D"),
            "amount": 20.0 + n % 17,
        }
    )


def told(frame, **settings) -> str:
    with pt.read(frame, on_duplicate_rows="keep", max_staleness_days=3650, **settings) as log:
        return " | ".join(f"{each.what} > {each.effect} > {each.remedy}" for each in log.findings)


def second_parcels(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.assign(ordered_at=frame["ordered_at"] + pd.Timedelta(days=3))])


ODD = {
    "amounts of 0": (lambda f: f.assign(amount=f["amount"].where(f.index % 2 == 0, 0)), "300 of 600 amounts are 0"),
    "cents": (
        lambda f: f.assign(amount=f["amount"].where(f["ordered_at"] < "2024-01-01", f["amount"] * 100)),
        "in 2024-01 > if the unit changed",
    ),
    "euros": (
        lambda f: f.assign(amount=f["amount"].where(f["ordered_at"] >= "2024-01-01", f["amount"] * 100)),
        "in 2024-01 > if the unit changed",
    ),
    "parcels": (second_parcels, "600 of 600 orders have purchases on several days, up to 3 days apart"),
    "months": (
        lambda f: f.assign(ordered_at=f["ordered_at"].dt.to_period("M").dt.to_timestamp()),
        "all 600 rows are of the day 1 of a month",
    ),
    "swapped": (lambda f: f[f["ordered_at"].dt.day <= 12], "is later than the 12th of a month > day and month"),
    "orders for customers": (
        lambda f: f.assign(customer_id=f["order_id"]),
        "0 of 600 customers have rows on a second day > nobody is seen to come back",
    ),
    "braces": (
        lambda f: f.assign(customer_id=f["customer_id"].where(f.index < 300, "{" + f["customer_id"].str.upper() + "}")),
        "120 of 120 ids differ from another in capitals, blanks, brackets or quotes alone; they would be 60 customers",
    ),
    "leading zeros": (
        lambda f: f.assign(customer_id=f["customer_id"].str[1:].where(f.index < 300, "000" + f["customer_id"].str[1:])),
        "120 of 120 ids differ from another in leading zeros alone; they would be 60 customers",
    ),
    "totals": (
        lambda f: pd.concat([f, f.tail(1).assign(order_id="", customer_id="Grand Total", amount=9000.0)]).assign(
            order_id="1"
        ),
        "have an id that stands for nobody in particular",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_an_odd_log_is_named(case):
    change, what = ODD[case]
    assert what in told(change(shop()))


def test_an_ordinary_log_is_not():
    assert told(shop()) == ""
    assert told(shop().assign(amount=lambda f: f["amount"] * (1 + f.index / 100))) == ""  # prices rise sevenfold


@pytest.mark.parametrize(
    "sql",
    [
        "lower(trim(customer_id))",
        "customer_id || '-x'",
        "CASE WHEN customer_id = 'k100' THEN 'k101' ELSE customer_id END",
    ],
)
def test_an_id_may_be_sql(sql):
    with pt.read(shop(), customer_id=sql, product_id="upper(order_id)") as log:
        assert log.customers == (59 if "CASE" in sql else 60)


@pytest.mark.slow
def test_what_the_door_advises_for_ids_is_read():
    frame, what = ODD["braces"][0](shop()), ODD["braces"][1]
    advice = told(frame).split('customer_id="')[1].rsplit('"', 1)[0].replace('\\"', '"')
    assert what in told(frame)
    assert "differ from another" not in told(frame, customer_id=advice)


TEXTS = {
    "a title": (
        "Sales of 2023\nexported by us\n\n{csv}",
        "begins with 'Sales of 2023', and the columns are named in line 4",
    ),
    "a comment": ("# orders\n{csv}", "begins with '# orders', and the columns are named in line 2"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_lines_above_the_header_are_named(case, tmp_path):
    text, line = TEXTS[case]
    (tmp_path / "log.csv").write_text(text.format(csv=shop().to_csv(index=False)))
    with pytest.raises(DataError, match=line):
        pt.read(tmp_path / "log.csv")


def test_a_delimiter_behind_every_line_is_no_matter(tmp_path):
    lines = shop().to_csv(index=False).splitlines()
    (tmp_path / "log.csv").write_text("\n".join(line + ";" for line in lines).replace(",", ";"))
    with pt.read(tmp_path / "log.csv") as log:
        assert log.rows == {"transactions": 600}


def test_a_parquet_file_of_nothing_goes_with_the_others(tmp_path):
    shop().to_parquet(tmp_path / "a.parquet", index=False)
    empty = pa.table({name: pa.nulls(0) for name in shop()})
    pq.write_table(empty, tmp_path / "b.parquet")
    with pt.read(tmp_path) as log:
        assert log.rows == {"transactions": 600}


def test_fields_inside_a_column_are_named_by_a_point(tmp_path):
    orders = [{"at": each.ordered_at.to_pydatetime(), "id": each.order_id} for each in shop().itertuples()]
    clients = [{"id": each} for each in shop()["customer_id"]]
    table = pa.table({"order": orders, "client": clients, "amount": shop()["amount"].to_numpy()})
    pq.write_table(table, tmp_path / "nested.parquet")
    mapping = {"customer_id": "client.id", "ordered_at": "order.at", "order_id": "order.id"}
    with pt.read(tmp_path / "nested.parquet", **mapping) as log:
        assert (log.customers, log.rows["transactions"]) == (60, 600)
