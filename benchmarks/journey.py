"""Measure the journey model: its accuracy on real logs, its speed on a million customers, and hmmlearn beside it.

    python benchmarks/journey.py                  everything, into benchmarks/journey.md (a quarter of an hour)
    python benchmarks/journey.py scale            one part: accuracy, agreement, scale, truth or sessions, on the screen

hmmlearn is no dependency of ours. It needs an environment of its own, whose Python is given like this:

    python -m venv /tmp/hmmlearn && /tmp/hmmlearn/bin/pip install hmmlearn==0.3.3
    PATRONAGE_HMMLEARN_PYTHON=/tmp/hmmlearn/bin/python python benchmarks/journey.py
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from patronage import data, lenses
from patronage import names as c
from patronage.config import DataConfig, JourneyConfig, LensesConfig, TrainConfig, typed
from patronage.config.places import conf_dir
from patronage.data import Tables
from patronage.engine import DuckDB
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.journeys import JourneyHoldout, disorder, evaluate_journey
from patronage.evaluation.sessions import evaluate_carts, evaluate_sessions
from patronage.labels import held_out
from patronage.models import journey, sessions
from patronage.models.btyd import clv
from patronage.models.journey import JourneyModel, count_paths, decide, kappa
from patronage.models.journey.em import fit_em
from patronage.models.journey.filtering import filter_paths, multiply
from patronage.models.journey.paths import encode
from patronage.models.journey.prediction import stage_indicator
from patronage.statistics import calibration_error, classification
from patronage.training.journey import calibrate
from patronage.training.origins import earlier, holdout_at, split_at

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "models" / "journey"))
import conftest as simulator  # the known truths of the tests

RESULT = Path(__file__).with_suffix(".md")
# Log: horizon in days, and cutoffs. The first is the usual split; the others show whether the result holds elsewhere.
CELLS = {
    "cdnow": (91, ("1998-01-01", "1997-10-01", "1998-04-01")),
    "complete_journey": (56, ("2017-11-05", "2017-07-01", "2017-09-03")),
}
TRUTHS, TRUTH_CUSTOMERS, TRUTH_EVALUATED = (10, 11, 12, 13, 14), 10_000, 10_000
CLICKSTREAMS = (0, 1)
HALVES = (77, 78, 79)  # seeds of the half-splits
RESAMPLES = 500
SHIPPED = JourneyConfig().cadence_classes
MILLION, PERIODS, HMM_CUSTOMERS, SAMPLE = 1_000_000, 52, 20_000, 20_000

HMMLEARN = """
import sys, time
import numpy as np
from hmmlearn.hmm import CategoricalHMM
codes = np.load(sys.argv[1])
for states in (5, 15):
    rng = np.random.default_rng(0)
    model = CategoricalHMM(n_components=states, n_features=5)
    model.startprob_ = rng.dirichlet(np.ones(states))
    model.transmat_ = rng.dirichlet(np.ones(states), states)
    model.emissionprob_ = rng.dirichlet(np.ones(5), states)
    lengths = np.full(len(codes), codes.shape[1])
    model.predict_proba(codes[:10].reshape(-1, 1), lengths[:10])
    started = time.process_time()
    model.predict_proba(codes.reshape(-1, 1), lengths)
    print(states, time.process_time() - started)
"""


def load(name: str) -> Tables:
    card = typed(DataConfig, OmegaConf.load(conf_dir() / "data" / f"{name}.yaml"))
    return data.load(DuckDB(threads=2), card)


def settings(cutoff: str, horizon_days: int) -> TrainConfig:
    return TrainConfig(
        cutoff=cutoff,
        horizon_days=horizon_days,
        lenses=typed(LensesConfig, OmegaConf.load(conf_dir() / "lenses" / "retail.yaml")),
        seed=0,
    )


def journey_holdout(tables: Tables, cutoff: str, horizon_days: int) -> JourneyHoldout:
    """Fit as `patronage train` does: 30 % of the customers are held out, and labels end at or before the cutoff."""
    config = settings(cutoff, horizon_days)
    holdout = holdout_at(tables, split_at(tables, datetime.fromisoformat(cutoff), config), config)
    if holdout is None or holdout.evaluated.cutoff != datetime.fromisoformat(cutoff):
        raise ValueError(f"{tables.source}: the log shows no horizon after {cutoff}")
    training, unseen = holdout.split.select(~holdout.unseen), holdout.evaluated.select(holdout.unseen)
    features = training.current.features
    learned = lenses.fit(features, config.lenses, earlier(training.training))
    fitted = calibrate(fit(features, tables, horizon_days, SHIPPED), training.training, seed=0)
    law = clv.fit(features[features[c.N_ORDERS] > 0], config.clv, model="bg_nbd", horizon_days=horizon_days)
    evaluated = unseen.features
    buyers = evaluated[evaluated[c.N_ORDERS] > 0]
    by_btyd = pd.Series(law.predict(buyers)[c.P_ORDER], buyers.index)
    predictions = pd.DataFrame(fitted.predict(evaluated), evaluated.index)
    assignments = pd.concat([predictions, lenses.segments(evaluated, learned)], axis=1)
    unseen_split = holdout.split.select(holdout.unseen)
    return JourneyHoldout(fitted, training, unseen_split, unseen, assignments, by_btyd, learned)


def fit(features: pd.DataFrame, tables: Tables, horizon_days: int, classes: int | str) -> JourneyModel:
    config = JourneyConfig(cadence_classes=classes)
    return journey.fit(
        features, config, horizon_days=horizon_days, period_days=7, left_censored=tables.left_censored, seed=0
    )


def cells() -> Iterator[tuple[Tables, str, int, JourneyHoldout]]:
    for name, (horizon_days, cutoffs) in CELLS.items():
        tables = load(name)
        for cutoff in cutoffs:
            print(f"{name} {cutoff}", file=sys.stderr, flush=True)
            yield tables, cutoff, horizon_days, journey_holdout(tables, cutoff, horizon_days)


def accuracy(holdout: JourneyHoldout) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Evaluate the journey: a row per forecast, and the other numbers by name."""
    findings = evaluate_journey(holdout, Resampling(RESAMPLES, 0))
    table = findings.tables["journey_forecasts.json"]
    rows = [
        {"forecast": row["forecast"], "log-loss": f"{row['log_loss']:.4f}", "AUC": f"{row['roc_auc']:.3f}"}
        | {"ECE": f"{row['ece']:.4f}"}
        | ({} if row["forecast"] == "journey" else {
            "ratio": f"{row['ratio']:.3f}",
            "journey minus it": f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]",
        })
        for row in table.to_dict("records")
    ]  # fmt: skip
    metrics, fitted = findings.metrics, holdout.journey
    uncalibrated = replace(fitted, calibration=journey.JourneyCalibration()).predict(holdout.evaluated.features)
    bought = (holdout.evaluated.labels[c.ORDERS] > 0).to_numpy(float)
    rest = {
        "customers": len(holdout.assignments),
        "classes": fitted.classes,
        "nats per period": f"{metrics['journey/unseen/nats_per_period']:.4f}",
        "ECE": f"{table['ece'].iloc[0]:.4f}",
        "ECE uncalibrated": f"{classification(bought, uncalibrated[c.JOURNEY_P_ORDER])['ece']:.4f}",
        "ECE by chance": f"{metrics['journey/unseen/ece_by_chance']:.4f}",
        "calibration": fitted.calibration.verdict,
        "AUC after 1, 2, 3, 5, 10": " ".join(
            f"{value:.3f}" for value in findings.tables["journey_touchpoints.json"].roc_auc
        ),
        "differs from status": f"{metrics['journey/unseen/differs_from_status']:.0%}",
        "stage mix error": f"{metrics['journey/unseen/stage_mix_error']:.3f}",
        "in order": disorder(findings.tables["journey_activity.json"].set_index("stage")) or "yes",
    }
    return rows, rest


def agreement(holdout: JourneyHoldout, tables: Tables, horizon_days: int) -> list[str]:
    """Fit on two disjoint halves and give kappa on the unseen customers, by number of cadence classes."""
    features, evaluated = holdout.learned_from.current.features, holdout.evaluated.features
    rows = []
    for classes in (1, 2, 3):
        values = []
        for seed in HALVES:
            half = held_out(features.index, 0.5, seed, "halves")
            fits = (fit(features[side], tables, horizon_days, classes) for side in (half, ~half))
            first, second = (decide(fitted.stage_probabilities(fitted.filter(evaluated)).to_numpy()) for fitted in fits)
            values.append(kappa(first, second, np.ones(len(evaluated), np.int64)))
        rows.append(" ".join(f"{value:.3f}" for value in values))
    return rows


def measure_cells(parts: set[str]) -> list[str]:
    lines = []
    for tables, cutoff, horizon_days, holdout in cells():
        lines += ["", f"### {tables.source}, {cutoff}, {horizon_days} days", ""]
        if "accuracy" in parts:
            rows, rest = accuracy(holdout)
            lines += [*markdown(pd.DataFrame(rows).fillna("")), ""]
            lines += [f"- {name}: {value}" for name, value in rest.items()]
        if "agreement" in parts:
            for classes, values in enumerate(agreement(holdout, tables, horizon_days), start=1):
                lines.append(f"- half-split kappa, {classes} cadence classes: {values}")
    return lines


def cpu(task: Callable[[], object]) -> tuple[float, float]:
    """Measure the CPU and wall seconds of a task."""
    wall, used = time.perf_counter(), time.process_time()
    task()
    return time.process_time() - used, time.perf_counter() - wall


def scale() -> list[str]:
    """Measure fit, filter and update on a million customers."""
    rng = np.random.default_rng(0)
    tables = load("cdnow")
    config = settings("1998-01-01", 91)
    features = split_at(tables, datetime(1998, 1, 1), config).current.features
    fitted = fit(features, tables, 91, SHIPPED)  # compiles the kernels
    rows: list[dict[str, object]] = []

    def add(what: str, task: Callable[[], object], target: str) -> float:
        used, wall = cpu(task)
        rows.append({"what": what, "CPU s": f"{used:.2f}", "wall s": f"{wall:.2f}", "target": target})
        return used

    shipped = f"fit, {SAMPLE:,} customers of CDNOW, {SHIPPED} classes"
    add(shipped, lambda: fit(features, tables, 91, SHIPPED), "seconds")
    add("fit, the same, classes chosen", lambda: fit(features, tables, 91, "auto"), "")
    letters = np.array(list(journey.ALPHABET))
    codes = rng.choice(5, (HMM_CUSTOMERS, PERIODS), p=[0.8, 0.08, 0.03, 0.08, 0.01]).astype(np.int8)
    few = pd.DataFrame({c.JOURNEY_PATH: pd.Series(["".join(row) for row in letters[codes]], dtype="str")})
    many = pd.concat([few] * (MILLION // HMM_CUSTOMERS), ignore_index=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    stored: list[pd.DataFrame] = []
    add(f"filter, {MILLION:,} customers, {PERIODS} periods", lambda: stored.append(fitted.filter(many)), "12 CPU s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    events = many[c.JOURNEY_PATH].str[-1]
    add("update by one period", lambda: fitted.update(stored[0], events), "4 s")
    add("predict (stage, next stage, P(order)), the same", lambda: fitted.predict(many), "")
    own = add(f"filter, {HMM_CUSTOMERS:,} customers", lambda: fitted.filter(few), "")
    lines = [
        *markdown(pd.DataFrame(rows)),
        "",
        f"- peak memory while filtering: {peak:.2f} GB (before: {before:.2f} GB; target 1 GB)",
    ]
    return [*lines, *compare_hmmlearn(codes, own)]


def compare_hmmlearn(codes: np.ndarray, own: float) -> list[str]:
    python = os.environ.get("PATRONAGE_HMMLEARN_PYTHON")
    if not python:
        return ["- hmmlearn: not measured, PATRONAGE_HMMLEARN_PYTHON is not set (see the top of the script)"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "codes.npy"
        np.save(file, codes.astype(np.int64))
        done = subprocess.run([python, "-c", HMMLEARN, str(file)], check=True, capture_output=True, text=True)
    lines = []
    for line in done.stdout.splitlines():
        states, seconds = line.split()
        ratio = float(seconds) / own
        lines.append(
            f"- hmmlearn `predict_proba`, {len(codes):,} customers, {states} states: {float(seconds):.1f} CPU s, "
            f"{ratio:.0f} times the filter's {own:.2f} (15 states; target 50 times)"
        )
    return lines


def truth() -> list[str]:
    """Compare fits with the filter that knows the true parameters, on customers simulated as in the tests.

    The truths have seven stages and two cadence classes, and every distribution is redrawn around the prior. Which
    states are loyal is decided by the largest fit, for all fits.
    """
    rows: dict[str, list[tuple[float, ...]]] = {}
    for seed in TRUTHS:
        planted = simulator.perturbed(seed)
        train = simulator.simulate(planted, TRUTH_CUSTOMERS, seed=100 + seed).features[c.JOURNEY_PATH]
        test = simulator.simulate(planted, TRUTH_EVALUATED, seed=200 + seed)
        fits = {f"fitted on {n:,}": fit_em(count_paths(train[:n]), 2) for n in (TRUTH_CUSTOMERS, 2000, 500)}
        largest = fits[f"fitted on {TRUTH_CUSTOMERS:,}"]
        fits["fitted, one class"] = fit_em(count_paths(train), 1)
        fits["prior, not fitted"] = fit_em(count_paths(train), 2, iterate=False)
        judges = {"Bayes-optimal": (planted, largest.stage_of_state)}
        judges |= {name: (fit.parameters, fit.stage_of_state) for name, fit in fits.items()}
        stages, paths = largest.stage_of_state[test.states], encode(test.features[c.JOURNEY_PATH])
        for name, (parameters, names) in judges.items():
            posterior = multiply(filter_paths(paths, parameters, names).states, stage_indicator(names))
            rows.setdefault(name, []).append(_score(posterior, stages))
        halves = [fit_em(count_paths(part), 2) for part in (train[::2], train[1::2])]
        first, second = (
            decide(
                multiply(
                    filter_paths(paths, half.parameters, half.stage_of_state).states,
                    stage_indicator(half.stage_of_state),
                )
            )
            for half in halves
        )
        rows.setdefault("kappa", []).append((kappa(first, second, np.ones(len(first), np.int64)),))
    agreement = " ".join(f"{kappa_of_truth:.3f}" for (kappa_of_truth,) in rows.pop("kappa"))
    table = pd.DataFrame({name: np.mean(values, axis=0) for name, values in rows.items()}).T
    table.columns = ["accuracy", "log-loss", "ECE of the likeliest stage"]
    shown = table.map(lambda value: f"{value:.4f}").rename_axis("posterior").reset_index()
    return [
        f"{len(TRUTHS)} truths, {TRUTH_EVALUATED:,} customers each; targets: accuracy within .01 of the Bayes-optimal "
        f"filter, ECE under .02, 500 within .01 of {TRUTH_CUSTOMERS:,}, kappa .9",
        "",
        *markdown(shown),
        "",
        f"- half-split kappa, two halves of {TRUTH_CUSTOMERS // 2:,}: {agreement}",
    ]


def _score(posterior: np.ndarray, stages: np.ndarray) -> tuple[float, ...]:
    probability, correct = posterior.max(axis=1), posterior.argmax(axis=1) == stages
    loss = -np.log(posterior[np.arange(len(stages)), stages].clip(1e-12)).mean()
    return float(correct.mean()), float(loss), calibration_error(correct.astype(float), probability)


def session_models() -> list[str]:
    """Evaluate P(an order later in the session) and P(an order after an abandoned cart) on simulated clicks."""
    lines = []
    for seed in CLICKSTREAMS:
        source = DataConfig(
            name="simulated",
            source="simulated",
            on_duplicate_rows="keep",
            simulated={"customers": 10_000, "seed": seed},
        )
        clicks = sessions.read_clickstream(data.load(DuckDB(threads=2), source), datetime(2023, 7, 1))
        within = evaluate_sessions(clicks, 0.3, Resampling(RESAMPLES, 0))
        carts, _ = evaluate_carts(clicks, 7, 14, 0.3, Resampling(RESAMPLES, 0))
        for title, findings, name in (
            ("an order later in this session, after each touchpoint", within, "session"),
            ("an order within 14 days of leaving a cart, predicted daily for a week", carts, "cart"),
        ):
            table = findings.tables[f"{name}_forecasts.json"]
            interval = table.apply(
                lambda row: "" if row["forecast"] == "model" else
                f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]", axis=1
            )  # fmt: skip
            shown = table[["forecast", "log_loss", "roc_auc", "ece"]].round(4).assign(**{"model minus it": interval})
            lines += ["", f"### {title}; seed {seed}", "", *markdown(shown)]
        by_length = within.tables["session_touchpoints.json"].round(3)
        lines += ["", "AUC by the number of touchpoints so far:", "", *markdown(by_length)]
    return lines


def markdown(table: pd.DataFrame) -> list[str]:
    rows = [list(table.columns), ["---"] * table.shape[1], *table.astype(str).to_numpy().tolist()]
    return ["| " + " | ".join(row) + " |" for row in rows]


def main() -> None:
    parts = set(sys.argv[1:]) or {"accuracy", "agreement", "scale", "truth", "sessions"}
    lines: list[str] = []
    if "scale" in parts:
        lines += ["", "## Scale", "", *scale()]
    if parts & {"accuracy", "agreement"}:
        lines += [
            "",
            "## P(an order in the horizon), 30 % of the customers held out, later time",
            *measure_cells(parts),
        ]
    if "truth" in parts:
        lines += ["", "## Known truth", "", *truth()]
    if "sessions" in parts:
        lines += [
            "",
            "## Sessions, simulated",
            "",
            "The last 56 days, 30 % of the customers held out.",
            *session_models(),
        ]
    head = [
        "# Journey: measured by `python benchmarks/journey.py`",
        "",
        f"Python {platform.python_version()}, {os.cpu_count()} cores, numpy {np.__version__}; CPU of all threads",
    ]
    print("\n".join(lines))
    if len(sys.argv) == 1:
        RESULT.write_text("\n".join([*head, *lines]) + "\n")


if __name__ == "__main__":
    main()
