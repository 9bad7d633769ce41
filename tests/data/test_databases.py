"""Tables of databases: a line that says how, where something is not installed."""

from __future__ import annotations

import pytest

from patronage import read
from patronage.data.databases import lake_of, scheme_of
from patronage.errors import ConfigError


def installed(extension):
    import duckdb

    query = "SELECT installed FROM duckdb_extensions() WHERE extension_name = ?"
    return duckdb.connect().execute(query, [extension]).fetchall()[0][0]


@pytest.mark.parametrize(
    ("path", "extension"),
    [("s3://bucket/orders.parquet", "httpfs"), ("https://host/orders.csv", "httpfs"), ("az://c/o.parquet", "azure")],
)
def test_an_address_says_which_extension_it_needs(path, extension):
    if installed(extension):
        pytest.skip(f"{extension} is installed: the address would be asked")
    with pytest.raises(ConfigError, match=rf"needs DuckDB's extension {extension}, .*INSTALL {extension}"):
        read(path)


@pytest.mark.slow
def test_lakes_are_told_by_their_folders(tmp_path):
    (tmp_path / "orders" / "_delta_log").mkdir(parents=True)
    assert lake_of(str(tmp_path / "orders"), None) == "delta"
    assert lake_of(str(tmp_path), None) is None
    assert lake_of(str(tmp_path), "iceberg") == "iceberg"
    if not installed("delta"):
        with pytest.raises(ConfigError, match="a Delta table, needs DuckDB's extension delta"):
            read(tmp_path / "orders")


def test_other_addresses_are_refused_with_those_that_are_known():
    assert scheme_of("ftp://host/o.csv") == "ftp"
    with pytest.raises(ConfigError, match=r"no such kind of address; expected one of postgresql://"):
        read("ftp://host/o.csv")
