"""Findings about a log as a whole: each kind by rows made for it."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage import read
from patronage.data.finding import Severity
from patronage.errors import DataError


def busy(customers=30, days=120, begin="2024-01-01"):
    """Every customer buys every third day."""
    rows = [
        (f"c{number}", pd.Timestamp(begin) + pd.Timedelta(days=day, minutes=number), 10.0 + number)
        for number in range(customers)
        for day in range(number % 3, days, 3)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])


def with_rows(frame, *rows):
    return pd.concat([frame, pd.DataFrame(rows, columns=frame.columns)], ignore_index=True)


def finding(tables, words):
    (only,) = [each for each in tables.findings if words in each.what]
    return only


def test_an_ordinary_log_has_no_findings(by_hand):
    assert by_hand.findings == ()
    assert through_the_door(busy()).findings == ()


def test_tables_that_do_not_meet_are_refused_with_how_their_ids_are_written():
    customers = pd.DataFrame({"customer_id": [f"C-{n}" for n in range(30)], "region": "n"})
    with pytest.raises(
        DataError, match=r"0 of 30 customers .* 30 of customers \(0.0%\).* such as A-9; 30 meet by .*before the number"
    ):
        through_the_door(busy(), customers=customers, attributes=("region",))


def test_a_join_that_half_fails_is_severe_and_one_that_covers_few_is_fine():
    customers = pd.DataFrame({"customer_id": ["anna", "x", "y", "z"]})
    assert "1 of 4 customers" in finding(through_the_door(BY_HAND, customers=customers), "customers of").what
    assert through_the_door(BY_HAND, customers=customers.head(1)).findings == ()


def test_one_customer_above_all_is_named():
    frame = busy()
    tables = through_the_door(with_rows(frame, ("big", pd.Timestamp("2024-02-01"), 1e6)))
    assert finding(tables, "one customer of 31 brings 97% of all revenue").severity is Severity.SEVERE
    bot = frame.head(1).assign(customer_id="bot").loc[[0] * 2000].reset_index(drop=True)
    bot["ordered_at"] += pd.to_timedelta(bot.index, unit="min")
    assert finding(through_the_door(pd.concat([frame, bot])), "of all lines")


def test_an_id_that_stands_for_nobody_is_named():
    tables = through_the_door(
        with_rows(busy(), *[("guest", pd.Timestamp(f"2024-02-{n:02}"), 5.0) for n in range(1, 20)])
    )
    assert finding(tables, "stands for nobody").line.count("'guest'") == 1


@pytest.mark.parametrize(
    "word", ["(not set)", "Anonymous User", "TBD", "null@null.com", "qa-test-01", "test@test.com", "-1"]
)
def test_words_for_nobody_and_test_accounts_are_named(word):
    rows = [(word, pd.Timestamp("2024-02-01") + pd.Timedelta(hours=n), 5.0) for n in range(140)]
    assert finding(through_the_door(with_rows(busy(), *rows)), "140 of 1,340 rows have")


@pytest.mark.parametrize("pattern", ["customer_{}", "test{}", "{}", "guest-{}"])
def test_the_ids_of_all_customers_are_no_such_words(pattern):
    frame = busy()
    frame["customer_id"] = [pattern.format(each[1:]) for each in frame["customer_id"]]
    assert through_the_door(frame).findings == ()


def test_ids_that_differ_in_capitals_alone_are_named():
    frame = busy()
    frame.loc[::2, "customer_id"] = frame["customer_id"].str.upper() + " "
    found = finding(through_the_door(frame), "differ from another in capitals or blanks")
    assert "60 of 60 ids" in found.what
    assert found.remedy.endswith("customer_id=lower(trim(customer_id))")


@pytest.mark.parametrize("unseen", ["\u200b", "\n", "\ufeff"])
def test_ids_that_differ_in_what_is_not_seen_are_named(unseen):
    frame = busy()
    frame.loc[::2, "customer_id"] = frame["customer_id"] + unseen
    found = finding(through_the_door(frame), "differ from another in characters that are not seen alone")
    assert "60 of 60 ids" in found.what
    remedy = found.remedy.partition("customer_id=")[2]
    assert through_the_door(frame.assign(customer_id=duckdb.sql(f"SELECT {remedy} FROM frame").df())).findings == ()


@pytest.mark.parametrize("columns", [{}, {"order_id": [f"o{n}" for n in range(10)]}])
def test_order_numbers_used_once_stay_what_they_are(columns):
    assert through_the_door(BY_HAND.assign(**columns)).findings == ()


def orders(*rows, **settings):
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id"])
    tables = through_the_door(frame.astype({"ordered_at": "datetime64[us]"}), **settings)
    ids = tables.engine.frame("SELECT order_id FROM transactions ORDER BY ordered_at, amount DESC")["order_id"]
    return tables, ids.tolist()


AGAIN = [("a", "2024-01-05", 10, "1"), ("a", "2024-02-01", -10, "1"), ("a", "2024-03-09", 20, "1"),
         ("a", "2024-03-10", 5, "1"), ("a", "2024-03-11", 5, "2")]  # fmt: skip


def test_a_number_used_again_after_months_is_another_order_and_refunds_stay_with_theirs():
    tables, ids = orders(*AGAIN)
    assert ids[0] != ids[1] == ids[2]
    assert ids[3] == "2"
    assert tables.notes[0].startswith("1 of 1 refunds undo earlier lines (100% of the money refunded)")
    assert "1 order numbers are used again, after more than 30 days" in tables.findings[0].what


def test_a_number_of_two_customers_is_two_orders():
    tables, ids = orders(("a", "2024-01-05", 1, "1"), ("b", "2024-01-05", 2, "1"))
    assert ids[0] != ids[1]
    assert "by another customer (1)" in tables.findings[0].what


@pytest.mark.parametrize(("scope", "different"), [("ever", 2), ("customer", 2), ("day", 4)])
def test_the_scope_is_what_the_user_says(scope, different):
    tables, ids = orders(*AGAIN, order_id_scope=scope)
    assert len(set(ids)) == different
    assert tables.findings == ()


def test_files_that_overlap_are_named(tmp_path):
    from patronage import read

    BY_HAND.head(6).to_parquet(tmp_path / "a.parquet")
    BY_HAND.tail(5).assign(amount=lambda frame: frame["amount"] + 1).to_parquet(tmp_path / "b.parquet")
    assert "1 of 10 order numbers stand in several files" in finding(read(tmp_path), "several files").what
    later = BY_HAND.tail(5).assign(ordered_at=lambda frame: frame["ordered_at"] + pd.Timedelta(hours=1))
    later.to_parquet(tmp_path / "b.parquet")  # a counter that starts anew in each file is no overlap
    assert not [each for each in read(tmp_path).findings if "several files" in each.what]


@pytest.mark.parametrize(("write", "differ"), [(str.upper, "capitals or blanks"), ("00{}".format, "leading zeros")])
def test_some_ids_of_a_table_written_otherwise_are_named(write, differ):
    frame = busy().assign(customer_id=lambda rows: rows["customer_id"].str.replace("c", "1a"))
    ids = frame["customer_id"].unique()
    events = pd.DataFrame({"user": [*ids, *map(write, ids[:10])], "at": "2024-02-01", "what": "visit"})
    with read(
        frame.rename(columns={"customer_id": "Client No"}), customer_id="Client No", events=events,
        events_columns={"customer_id": "user", "occurred_at": "at", "event": "what"},
    ) as log:  # fmt: skip
        found = finding(log, "differ from one of the transactions")
    assert found.what == f"10 of 40 ids differ from one of the transactions in {differ} alone"
    assert '\\"Client No\\"' in found.remedy
    assert "(user" in found.remedy
    newcomers = pd.DataFrame({"customer_id": [*ids, "n1", "n2"], "occurred_at": "2024-02-01", "event": "visit"})
    assert through_the_door(frame, newcomers).findings == ()


def test_the_advice_names_the_users_column():
    frame = busy().rename(columns={"customer_id": "Client No"})
    frame.loc[:20, "Client No"] = frame["Client No"].str.upper()
    with read(frame, customer_id="Client No") as log:
        assert 'customer_id="lower(trim(\\"Client No\\"))"' in finding(log, "in capitals").remedy
