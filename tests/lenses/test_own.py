"""A user's own lens: in features, segments, support and the bundle like ours; and the proof that it sees no future."""

from __future__ import annotations

import json
import shutil
import sys
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

import own_lenses
from conftest import through_the_door
from patronage import lenses
from patronage.bundle import Bundle
from patronage.config import LensesConfig
from patronage.errors import ConfigError, FitError
from patronage.lenses.corruption import corrupted, cutoff_inside, future_leaks

pytestmark = pytest.mark.slow

CUTOFF = datetime(2024, 3, 1)


def with_own(settings, *paths):
    settings = deepcopy(settings)
    settings.own = list(paths)
    return settings


def test_it_is_made_fitted_and_supported_like_ours(by_hand, lens_settings):
    settings = with_own(lens_settings, "own_lenses.HONEST")
    features = lenses.features_at(by_hand, CUTOFF, settings, 7)
    assert features["largest_order"].to_dict() == {
        "anna": 30.5,
        "ben": 99.99,
        "cleo": 2.0,
    }  # the order of 40 was refunded
    learned = lenses.fit(features, settings)
    assert learned.states["size"] == own_lenses.BigState(30.5)
    assert lenses.segments(features, learned)["size_segment"].tolist() == ["big", "small", "small"]
    assert lenses.support(by_hand, settings)["lens"].tolist()[-1] == "size"
    alone = lenses.features_at(by_hand, CUTOFF, settings, 7, ["size"])
    assert list(alone) == ["n_orders", "largest_order"]
    assert "largest_order" not in lenses.described(lens_settings)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no_such_package.LENS", r"lenses.own=no_such_package.LENS cannot be imported \(ModuleNotFoundError"),
        ("own_lenses.NOTHING", "cannot be imported .AttributeError"),
        ("LENS", "cannot be imported"),
        ("own_lenses.NO_LENS", "own_lenses.NO_LENS is a str; expected a patronage.lenses.Lens"),
        ("own_lenses.TAKEN", "own_lenses.TAKEN: another lens has the name rfm already"),
        ("own_lenses.READS_NOTHING_KNOWN", "reads mood, which no lens before it makes"),
    ],
)
def test_a_path_that_gives_no_usable_lens_is_one_line(path, message):
    with pytest.raises(ConfigError, match=message):
        lenses.of(with_own(LensesConfig(), path))


def test_two_own_lenses_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="another lens has the name largest_order, size, size_segment already"):
        lenses.of(with_own(LensesConfig(), "own_lenses.HONEST", "own_lenses.HONEST"))


# States and bundles


def test_every_state_comes_back_from_json_equal(rich_features, lens_settings):
    learned = lenses.fit(rich_features, lens_settings)
    again = lenses.FittedLenses.from_json(json.loads(json.dumps(learned.to_json())), lens_settings)
    assert again == learned


def test_a_bundle_imports_it_again_by_its_path(fitted, tmp_path, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()
    shutil.copy(own_lenses.__file__, package / "my_lenses.py")
    monkeypatch.syspath_prepend(str(package))
    settings = with_own(fitted.config.lenses, "my_lenses.HONEST")
    features = lenses.features_at(
        through_the_door(pd.read_parquet(fitted.log)), datetime(2023, 7, 1), settings, fitted.bundle.period_days
    )
    bundle = replace(
        fitted.bundle,
        lenses=settings,
        lens_names=(*fitted.bundle.lens_names, "size"),
        fitted_lenses=lenses.fit(features, settings),
    )
    bundle.save(tmp_path / "bundle")
    loaded = Bundle.load(tmp_path / "bundle")
    assert set(loaded.assign(features)["size_segment"]) == {"big", "small"}
    pd.testing.assert_frame_equal(loaded.assign(features), bundle.assign(features))
    Path(package / "my_lenses.py").unlink()
    monkeypatch.delitem(sys.modules, "my_lenses")
    with pytest.raises(FitError, match="lenses.own=my_lenses.HONEST cannot be imported"):
        Bundle.load(tmp_path / "bundle")


# The future


@pytest.fixture
def events():
    return pd.DataFrame(
        [("anna", "2024-02-28", "view"), ("anna", "2024-03-01", "view"), ("ben", "2024-04-01", "view")],
        columns=["customer_id", "occurred_at", "event"],
    ).astype({"occurred_at": "datetime64[us]"})


@pytest.fixture
def log(shop):
    return through_the_door(shop)


def test_an_honest_lens_does_not_change_when_the_future_does(log, lens_settings):
    settings = with_own(lens_settings, "own_lenses.HONEST")
    assert future_leaks(log, cutoff_inside(log), settings, ["size"]).empty


def test_our_own_lenses_do_not_either(rich, lens_settings):
    people = rich.people.assign(signed_up_at=pd.to_datetime(["2024-01-01", "2024-06-01"]))
    tables = through_the_door(rich.lines, rich.events, people, ("age", "region"), on_duplicate_rows="keep")
    names = lenses.available(tables, lens_settings)
    assert future_leaks(tables, CUTOFF, lens_settings, names).empty


@pytest.mark.parametrize(
    ("path", "feature"), [("LEAKING", "n_lines_ever"), ("LEAKING_AT_THE_CUTOFF", "n_lines_so_far")]
)
def test_a_lens_that_reads_the_table_itself_is_caught_for_every_customer(by_hand, lens_settings, path, feature):
    settings = with_own(lens_settings, f"own_lenses.{path}")
    (lens,) = lenses.own(settings).values()
    leaks = future_leaks(by_hand, CUTOFF, settings, [lens.name])
    assert leaks.to_dict("list") == {"feature": [feature], "customers": [3]}


def test_the_true_tables_are_back_after_a_lens_that_fails(by_hand, events):
    tables = through_the_door(pd.DataFrame(by_hand.engine.frame("SELECT * FROM transactions")), events)
    before = [tables.engine.frame(f"SELECT * FROM {name} ORDER BY ALL") for name in ("transactions", "events")]

    def fail():
        with corrupted(tables, CUTOFF):
            assert tables.engine.row("SELECT count(*) FROM transactions")[0] > len(before[0])
            assert tables.engine.row("SELECT count(*) FROM events WHERE event = 'complaint'")[0] >= 2
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    after = [tables.engine.frame(f"SELECT * FROM {name} ORDER BY ALL") for name in ("transactions", "events")]
    for true, again in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(true, again)


def test_the_cutoff_that_is_drawn_lies_inside_the_log(by_hand):
    assert by_hand.first < cutoff_inside(by_hand) <= by_hand.last
