"""The paper's table from the raw log, by our own path: door, lens, fit."""

from __future__ import annotations

from datetime import datetime

import pytest

from patronage import lenses
from patronage.config import DataConfig
from patronage.data import load_tables
from patronage.data.cdnow import dataset
from patronage.data.source import SourceTable
from patronage.engine import DuckDB, text
from patronage.models.btyd.fit import fit_orders, fit_spend


@pytest.fixture(scope="module")
def sample(lens_settings):
    """The 1/10 sample of CDNOW as of the end of week 39, in weeks."""
    engine = DuckDB(threads=1)
    path = text(str(dataset("CDNOW_sample.txt")))
    lines = f"read_csv({path}, header = false, columns = {{'line': 'VARCHAR'}}, delim = '\\n')"
    engine.table(
        "sample",
        "SELECT f[1] AS customer_id, strptime(f[3], '%Y%m%d') AS ordered_at, "
        "greatest(CAST(f[5] AS DOUBLE), 0.0001) AS amount, "  # the paper counts what was free
        "CAST(row_number() OVER () AS VARCHAR) AS order_id "
        f"FROM (SELECT regexp_split_to_array(trim(line), '\\s+') AS f FROM {lines})",
    )
    tables = load_tables(engine, {"transactions": SourceTable("sample", {})}, DataConfig(name="sample"))
    features = lenses.features_at(tables, datetime(1997, 10, 1), lens_settings, 7)
    return features.assign(recency=features["recency"] / 7, T=features["T"] / 7)


@pytest.mark.slow
def test_bg_nbd_of_fader_hardie_and_lee_2005(sample):
    law, fit = fit_orders("bg_nbd", sample["frequency"], sample["recency"], sample["T"])
    assert len(sample) == 2357
    found = [f"{value:.3f}" for value in (law.r, law.alpha, law.a, law.b)]
    assert found == ["0.243", "4.414", "0.793", "2.426"]
    assert f"{fit.log_likelihood:.1f}" == "-9582.4"


def test_gamma_gamma_of_fader_and_hardie_2013(sample):
    law, _ = fit_spend(sample["frequency"], sample["monetary_value"])
    assert [f"{value:.2f}" for value in (law.p, law.q, law.v)] == ["6.25", "3.74", "15.44"]
