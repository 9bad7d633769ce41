"""PostgreSQL as a source and as an output, on a real server."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import BY_HAND
from patronage import read
from patronage.engine import postgresql
from patronage.errors import DataError, OutputError
from patronage.scoring import server_table, target
from postgresql_server import postgresql_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    with postgresql_server() as address:
        yield address


def run(address, *statements):
    with postgresql.connected(address) as connection:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()


@pytest.fixture(scope="module")
def shop(server):
    rows = ", ".join(
        f"('{row.customer_id}', '{row.ordered_at}', {row.amount}, '{row.order_id}')" for row in BY_HAND.itertuples()
    )
    run(
        server,
        "CREATE SCHEMA shop",
        'CREATE TABLE shop."Orders" (customer_id text, ordered_at timestamp, amount numeric(10,2), order_id text)',
        f'INSERT INTO shop."Orders" VALUES {rows}',
        'CREATE VIEW orders AS SELECT * FROM shop."Orders"',
    )
    return server


@pytest.mark.parametrize("options", [{"table": "shop.Orders"}, {"table": "orders"}, {"query": "SELECT * FROM orders"}])
def test_a_table_a_view_and_a_query_are_the_same_log(shop, by_hand, options):
    assert read(shop, **options).fingerprint == by_hand.fingerprint


def test_what_the_server_refuses_is_one_line(shop):
    with pytest.raises(DataError, match='refuses the query: .*relation "nothing" does not exist'):
        read(shop, table="nothing")


def test_a_password_is_in_no_message():
    with pytest.raises(DataError, match="cannot be reached") as caught:
        read("postgresql://me:secret99@localhost:1/shop", table="orders")
    assert "secret99" not in str(caught.value)


def parts(folder, *counts):
    files = []
    for number, count in enumerate(counts):
        persona = pa.array(["loyal"] * count).dictionary_encode()
        table = pa.table({"customer_id": [f"{number}-{n}" for n in range(count)], "persona": persona})
        files.append(folder / f"part-{number:05d}.parquet")
        pq.write_table(table, files[-1])
    return files


def store(address, table, files, force=False):
    server_table.store(address, table, files, lambda reason: OutputError(f"output: {reason}"), force=force)


def rows(address, table):
    with postgresql.connected(address) as connection:
        return postgresql.row(connection, f"SELECT count(*), min(persona) FROM {table}")


def test_a_result_is_replaced_whole_and_views_over_it_stay(server, tmp_path):
    store(server, "public.scores", parts(tmp_path, 3, 2))
    assert rows(server, "scores") == (5, "loyal")
    run(server, "CREATE VIEW loyal AS SELECT * FROM scores")
    store(server, "public.scores", parts(tmp_path, 7))
    assert rows(server, "loyal") == (7, "loyal")
    assert server_table.foreign_server_table(server, "public.scores") is None


def test_a_table_that_is_not_ours_or_was_changed_stays(server, tmp_path):
    run(server, "CREATE TABLE theirs (a int)", "INSERT INTO theirs VALUES (1)")
    with pytest.raises(OutputError, match="the table theirs was not written by patronage score"):
        store(server, "theirs", parts(tmp_path, 1))
    store(server, "changed", parts(tmp_path, 2))
    run(server, "DELETE FROM changed WHERE customer_id = '0-0'")
    assert "was changed since patronage score wrote it" in server_table.foreign_server_table(server, "changed")
    store(server, "changed", parts(tmp_path, 3), force=True)
    assert rows(server, "changed") == (3, "loyal")


def test_the_address_of_an_output_ends_in_its_table():
    place = target.parse("postgresql://me:secret99@host/shop/crm.scores?sslmode=require")
    assert (place.address, place.table) == ("postgresql://me:secret99@host/shop?sslmode=require", "crm.scores")
    assert str(place) == "postgresql://host/shop/crm.scores"
