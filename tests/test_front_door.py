"""What `import patronage as pt` promises a new user: each thing in a few lines, on some 300 orders."""

from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import patronage as pt
from conftest import BY_HAND
from patronage import front_door

pytestmark = pytest.mark.slow

CUTOFF = "2024-01-01"
PUBLIC = {name: getattr(pt, name) for name in pt.__all__}


@pytest.fixture(scope="module")
def log() -> pt.Tables:
    return pt.read(pt.example_orders())


@pytest.fixture(scope="module")
def run(log) -> pt.Run:
    return pt.train(log, cutoff=CUTOFF, horizon_days=90)


def test_every_public_name_shows_itself_in_an_example():
    silent = [name for name in pt.__all__ if name != "__version__" and ">>>" not in (getattr(pt, name).__doc__ or "")]
    assert silent == []


@pytest.fixture(scope="module")
def one_training() -> Iterator[None]:
    """The examples all train on the same orders, with the same words: one training answers for all of them."""
    train, kept = pt.train, {}

    def again(log: pt.Tables, cutoff: str, **words: object) -> pt.Run:
        key = f"{log.first} {log.last} {cutoff} {words}"
        if key not in kept:
            kept[key] = train(log, cutoff, **words)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pt, "train", again, raising=False)
        yield


@pytest.mark.parametrize("name", [name for name in pt.__all__ if name != "__version__"])
def test_the_example_of_a_public_name_runs(name, one_training):
    public = PUBLIC[name]
    for test in doctest.DocTestFinder(recurse=False).find(public, name, globs={}):
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test)
        assert result.failed == 0


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        pt.trian  # noqa: B018


def test_the_names_are_listed_and_the_types_are_shipped():
    assert set(pt.__all__) <= set(dir(pt))
    assert Path(pt.__file__).with_name("py.typed").is_file()


def test_importing_it_imports_nothing_heavy():
    code = (
        "import sys, patronage\n"
        "heavy = {'mlflow', 'pandas', 'lightgbm', 'duckdb', 'hydra', 'sklearn', 'lifetimes', 'numba'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_training_imports_no_mlflow():
    code = (
        "import sys, patronage as pt\n"
        "log = pt.read(pt.example_orders())\n"
        "pt.train(log, cutoff='2024-01-01', horizon_days=90, overrides=['personas.bootstraps=3', 'churn=btyd'])\n"
        "sys.exit('mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_features_see_what_came_before_the_cutoff_and_nothing_else(log):
    orders = pt.example_orders()
    known = pt.read(orders[orders["ordered_at"] < CUTOFF], max_staleness_days=30)
    pd.testing.assert_frame_equal(pt.features(log, CUTOFF), pt.features(known, CUTOFF), check_exact=True)


def test_one_lens_alone_gives_its_features_and_its_segments(log):
    assert set(pt.features(log, CUTOFF, lenses=["rfm"])) >= {"n_orders", "days_since_last_order", "revenue"}
    labels = pt.segments(log, CUTOFF, lenses=["rfm"])
    assert "rfm_segment" in labels
    assert "status_segment" not in labels


@pytest.mark.parametrize("lenses", [["rmf"], "rfm", []])
def test_a_lens_that_is_not_there_is_named_with_those_that_are(log, lenses):
    with pytest.raises(pt.ConfigError, match="expected a list of names among rfm, usage"):
        pt.features(log, CUTOFF, lenses=lenses)


def test_outcomes_of_ten_rows_by_hand():
    log = pt.read(BY_HAND)
    frame = pt.outcomes(log, "2024-03-01", horizon_days=5)
    assert frame.loc["anna"].tolist() == [1.0, 7.0, 0.0]  # her order at the cutoff's midnight is in the window
    assert frame.loc["ben"].tolist() == [0.0, 0.0, 1.0]
    assert "dora" not in frame.index  # nobody before the cutoff


def test_outcomes_beyond_the_end_of_the_log_are_refused():
    with pytest.raises(pt.ConfigError, match="the log ends on 2024-03-05, before 6 days"):
        pt.outcomes(pt.read(BY_HAND), "2024-03-01", horizon_days=6)


@pytest.mark.parametrize("cutoff", ["2024-01-01", pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01").date()])
def test_a_cutoff_may_be_a_text_a_date_or_a_timestamp(log, cutoff):
    assert len(pt.features(log, cutoff, lenses=["rfm"])) == 66


def test_a_training_needs_no_mlflow_and_tells_how_good_it_was(run):
    assert run.run_id is None
    assert len(run.assignments) == len(run.features) == 66
    assert set(run.scorecard()["model"]) == {"churn", "clv", "journey"}
    assert "churn/log_loss" in run.metrics


def test_a_setting_of_the_data_comes_too_late(log):
    with pytest.raises(pt.ConfigError, match=r"give such settings to patronage\.read"):
        pt.train(log, CUTOFF, overrides=["data.timezone=Europe/Paris"])


def test_a_bundle_comes_back_from_its_folder_and_assigns_the_same(run, log, tmp_path):
    run.bundle.save(tmp_path / "bundle")
    bundle = pt.Bundle.load(tmp_path / "bundle")
    features = pt.features(log, CUTOFF, like=bundle)
    pd.testing.assert_frame_equal(bundle.assign(features), run.assignments, check_exact=True)
    scored = pt.score(tmp_path / "bundle", log, CUTOFF)
    pd.testing.assert_frame_equal(scored.drop(columns="cutoff"), run.assignments, check_exact=True)
    assert (scored["cutoff"] == pd.Timestamp(CUTOFF)).all()


@pytest.fixture(scope="module")
def learned(log) -> tuple[pd.DataFrame, pd.Series]:
    return pt.features(log, "2023-09-01"), pt.outcomes(log, "2023-09-01", horizon_days=90)["churned"]


class TestChurnAlone:
    def test_it_takes_part_in_scikit_learn(self, learned):
        features, churned = learned
        scores = cross_val_score(pt.Churn(), features, churned, scoring="roc_auc", cv=3, error_score="raise")
        assert scores.mean() > 0.6
        piped = make_pipeline(FunctionTransformer(), clone(pt.Churn(seed=3))).fit(features, churned)
        assert piped.predict_proba(features).shape == (66, 2)
        assert piped[-1].get_params()["seed"] == 3

    def test_the_probability_of_the_frame_is_that_of_the_array(self, learned, log):
        features, churned = learned
        churn = pt.Churn().fit(features, churned)
        later = pt.features(log, CUTOFF)
        frame = churn.predict(later)
        assert (frame["churn_probability"] == churn.predict_proba(later)[:, 1]).all()
        pd.testing.assert_frame_equal(churn.predict(later.iloc[[5]]), frame.iloc[[5]])

    def test_bad_labels_are_named(self, learned):
        features, churned = learned
        with pytest.raises(pt.DataError, match=r"y has shape \(65,\); expected 1 \(no order\), .* each of the 66 rows"):
            pt.Churn().fit(features, churned.iloc[1:])
        whole = pd.DataFrame({"orders": churned, "churned": churned})
        with pytest.raises(pt.DataError, match=r"y has shape \(66, 2\); .*; give one column of it"):
            pt.Churn().fit(features, whole)
        with pytest.raises(pt.DataError, match=r"expected 1 \(no order\), 0 \(an order\) or missing"):
            pt.Churn().fit(features, churned * 2)
        with pytest.raises(pt.DataError, match="y holds what is no number"):
            pt.Churn().fit(features, churned.map({0.0: "no", 1.0: "yes"}))
        with pytest.raises(pt.FitError, match="no customer who has bought has a label"):
            pt.Churn().fit(features, churned * float("nan"))
        with pytest.raises(pt.DataError, match=r"expected the DataFrame that patronage\.features gives"):
            pt.Churn().fit(features.to_numpy(), churned)


MISTAKES = {  # what a new user gives by mistake, and what the line then speaks of
    "features of a frame": (lambda run, log: pt.features(pt.example_orders(), CUTOFF), "patronage.read"),
    "segments of a frame": (lambda run, log: pt.segments(pt.example_orders(), CUTOFF), "patronage.read"),
    "outcomes of a frame": (lambda run, log: pt.outcomes(pt.example_orders(), CUTOFF, 90), "patronage.read"),
    "train on a frame": (lambda run, log: front_door.train(pt.example_orders(), CUTOFF), "patronage.read"),
    "score a frame": (lambda run, log: pt.score(run.bundle, pt.example_orders(), CUTOFF), "patronage.read"),
    "score by a run": (lambda run, log: pt.score(run, log, CUTOFF), "give its .bundle"),
    "features like a run": (lambda run, log: pt.features(log, CUTOFF, like=run), "give its .bundle"),
    "score by a number": (lambda run, log: pt.score(3, log, CUTOFF), "expected a Bundle"),
    "outcomes of a text": (lambda run, log: pt.outcomes(log, CUTOFF, "90"), "whole number of days"),
    "outcomes of no day": (lambda run, log: pt.outcomes(log, CUTOFF, 0), "whole number of days"),
    "overrides of one text": (
        lambda run, log: front_door.train(log, CUTOFF, overrides="personas.k=4"),
        "list of settings",
    ),
    "overrides of a table": (
        lambda run, log: front_door.train(log, CUTOFF, overrides={"personas.k": 4}),
        "list of settings",
    ),
    "no such setting": (lambda run, log: front_door.train(log, CUTOFF, overrides=["nonsense=1"]), "nonsense.*--help"),
    "a horizon of words": (lambda run, log: front_door.train(log, CUTOFF, "ninety"), "horizon_days=ninety.*Integer"),
    "horizons of a number": (lambda run, log: run.bundle.assign(run.features, horizons=30), "a list of days"),
    "score the past": (
        lambda run, log: pt.score(run.bundle, log, "2023-10-01"),
        "trained on days up to 2023-12-.* knows",
    ),
    "no date": (lambda run, log: pt.features(log, "soon"), "soon"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_a_line_of_ours(mistake, run, log):
    call, words = MISTAKES[mistake]
    with pytest.raises(pt.ConfigError, match=words):
        call(run, log)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            lambda rows: rows[["frequency"]],
            "Bundle: X lacks .* more; expected the DataFrame that",
        ),
        (lambda rows: rows.assign(T=float("nan")), "T: missing in 66 of 66 rows"),
        (lambda rows: rows.assign(n_orders=rows["n_orders"].where(rows["n_orders"] > 1)), "n_orders: missing in"),
        (lambda rows: rows.to_numpy(), "Bundle: X is a ndarray"),
    ],
)
def test_a_bundle_refuses_what_no_model_can_answer(run, spoil, line):
    with pytest.raises(pt.DataError, match=line):
        run.bundle.assign(spoil(run.features))


def test_a_bundle_is_not_saved_over_anything(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.json").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place in ("mine", "file"):
        with pytest.raises(pt.OutputError, match="something stands there; give a new folder"):
            run.bundle.save(tmp_path / place)
    assert (tmp_path / "mine" / "manifest.json").read_text() == (tmp_path / "file").read_text() == "mine"
    assert len(list(tmp_path.rglob("*"))) == 3


def test_a_log_that_was_closed_says_so():
    log = pt.read(pt.example_orders())
    log.close()
    with pytest.raises(pt.ConfigError, match="the log was closed; read it again"):
        pt.features(log, CUTOFF)


def test_what_is_printed_fits_a_few_lines(run, log):
    assert repr(run).startswith("<run on log at 2024-01-01: 66 customers, 90 days ahead; churn log_loss ")
    assert repr(run.bundle).startswith(f"<bundle: {run.assignments['persona_id'].nunique()} personas, ")
    assert max(len(repr(value)) for value in (run, run.bundle, log)) < 300
