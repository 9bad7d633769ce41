"""The worked mappings of docs/data.md are copied as they stand, and read the files that they name."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from conftest import REPO
from patronage.config.places import conf_dir

SOURCES = dict(
    re.findall(r"```yaml\n# mine/data/(\w+)\.yaml\n(.*?)```", (REPO / "docs" / "data.md").read_text(), flags=re.S)
)
PAYMENTS = [("a1", f"2024-{month:02d}-01", 9.9, f"{month}") for month in range(1, 7)] + [
    ("a2", "2024-03-05", 99.0, "7")
]


def shop(project: Path) -> None:
    lines = [
        ("k1", "03.01.2024 10:00", "12.50", "b1", "tea", "drinks"),
        ("k2", "31.01.2024 18:30", 8, "b2", "soap", ""),
    ]
    columns = ["Kunde", "Datum", "Summe", "Bon", "Artikel", "Warengruppe"]
    (project / "exports").mkdir()
    for number, line in enumerate(lines):
        pd.DataFrame([line], columns=columns).to_csv(project / f"exports/orders_{number}.csv", index=False)


def subscription(project: Path) -> None:
    payments = pd.DataFrame(PAYMENTS, columns=["account", "paid_at", "paid", "invoice"])
    contracts = pd.DataFrame(
        [("a1", "2024-01-01", "start"), ("a1", "2024-06-20", "end"), ("a2", "2024-03-01", "trial")],
        columns=["account", "at", "what"],
    )
    (project / "billing").mkdir()
    payments.assign(paid_at=pd.to_datetime(payments["paid_at"])).to_parquet(project / "billing/payments.parquet")
    contracts.assign(at=pd.to_datetime(contracts["at"])).to_parquet(project / "billing/contracts.parquet")


def app(project: Path) -> None:
    events = [
        {"user": "u1", "ts": "2024-01-02 10:00:00", "type": "open", "session": "s1", "price": None},
        {"user": "u1", "ts": "2024-01-02 10:01:00", "type": "screen", "session": "s1", "price": None},
        {"user": "u1", "ts": "2024-01-02 10:02:00", "type": "purchase", "session": "s1", "price": 4.99},
        {"user": "u2", "ts": "2024-01-05 12:00:00", "type": "cart", "session": "s2", "price": None},
    ]
    (project / "events").mkdir()
    (project / "events/day.jsonl").write_text("\n".join(map(json.dumps, events)))


EXPORTS = {"shop": shop, "subscription": subscription, "app": app}
FOUND = {
    "shop": ("shop: 2 customers, 2 transactions", ["taste          available"]),
    "subscription": ("subscription: 2 customers, 7 transactions, 3 events", ["status         available"]),
    "app": ("app: 1 customers, 1 transactions, 3 events", ["engagement     partial"]),
}


def test_every_mapping_is_tried():
    assert set(SOURCES) == set(EXPORTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTS)
def test_a_mapping_reads_the_files_that_it_names(patronage, project, name):
    folder = project / "mine" / "data"
    folder.mkdir(parents=True)
    (folder / f"{name}.yaml").write_text(SOURCES[name])
    EXPORTS[name](project)
    code, out, err = patronage("check", "--config-dir", "mine", f"data={name}")
    sizes, told = FOUND[name]
    assert code == 0, err
    assert sizes in out, out
    assert all(words in out for words in told), out


@pytest.mark.slow
def test_a_tree_of_ones_own_takes_the_place_of_the_shipped_one(patronage, project, monkeypatch):
    shutil.copytree(conf_dir(), project / "own")
    (project / "own" / "data" / "mine.yaml").write_text("defaults: [tables, _self_]\ntransactions: {path: mine.csv}\n")
    pd.DataFrame([("a", "2024-01-01", 3.0)], columns=["customer_id", "ordered_at", "amount"]).to_csv(
        project / "mine.csv", index=False
    )
    monkeypatch.setenv("PATRONAGE_CONF", "own")
    code, out, err = patronage("check", "data=mine")
    assert (code, "1 transactions" in out) == (0, True), err
