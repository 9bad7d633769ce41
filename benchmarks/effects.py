"""Effects of contacts beside causalml: `python benchmarks/effects.py [PYTHON]` writes effects.md beside it.

PYTHON is an interpreter of its own that has causalml, which is no dependency of the project; without it the table has
only our rows. Every learner sees the same folds: it learns on all but one and picks, on that one, the customers whose
effect is above the cost. Profit is what its picks earn per 1,000 customers, by inverse propensity, with its 95 %
interval. Planted types are six, which three features tell apart with noise: two gain, one is driven away.

The second table draws the planted types anew, `DRAWS` times: how often the 95 % intervals of the average, of each true
type and of customers hold what was planted, and which types are found to gain or to be harmed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import ContactEffects
from patronage.evaluation.effects import effects_by_label

HERE = Path(__file__).resolve().parent
PROMOTION = HERE.parents[1] / "shared" / "data" / "promotion" / "promotion.parquet"
FOLDS, SEED, CUSTOMERS = 5, 0, 20_000
DRAWS, OF_A_DRAW = range(3001, 3013), 8_000
EFFECTS = 12 * np.array([0.20, 0.19, 0.04, 0.0, 0.0, -0.16])
THEIRS = """
import sys, time
import numpy as np, pandas as pd
from lightgbm import LGBMRegressor
from causalml.inference.meta import BaseDRRegressor, BaseSRegressor, BaseTRegressor, BaseXRegressor
frame = pd.read_csv(sys.argv[1])
x = frame.drop(columns=["treated", "y", "fold"]).to_numpy(float)
treated, y, fold = (frame[name].to_numpy() for name in ("treated", "y", "fold"))
trees = lambda: LGBMRegressor(num_leaves=4, n_estimators=60, learning_rate=.05,
    min_child_samples=max(5, len(y) // 125), reg_lambda=1.0, subsample=.7,
    subsample_freq=1, colsample_bytree=.8, n_jobs=1, verbose=-1)
share = np.full(len(y), treated.mean())
learners = {"DR": BaseDRRegressor, "X": BaseXRegressor, "T": BaseTRegressor, "S": BaseSRegressor}
effects = {}
for name, learner in learners.items():
    begun, effect = time.process_time(), np.empty(len(y))
    for number in np.unique(fold):
        aim = fold == number
        model = learner(learner=trees())
        known = {"p": pd.Series(share[~aim])} if name in ("DR", "X") else {}
        model.fit(x[~aim], treated[~aim], y[~aim], **known)
        known = {"p": pd.Series(share[aim])} if name == "X" else {}
        effect[aim] = np.asarray(model.predict(x[aim], **known)).ravel()
    effects[name] = effect
    effects[name + "_seconds"] = np.full(len(y), time.process_time() - begun)
pd.DataFrame(effects).to_csv(sys.argv[2], index=False)
"""


class Problem(NamedTuple):
    """Randomised customers; `truth` is the planted effect, where there is one."""

    name: str
    x: pd.DataFrame
    treated: np.ndarray
    y: np.ndarray
    cost: float
    truth: np.ndarray | None


def promotion() -> Problem:
    """The randomised promotion: a purchase earns 10, an offer costs .15."""
    frame = pd.read_parquet(PROMOTION)
    x = frame[[f"V{number}" for number in range(1, 8)]]
    treated = (frame["Promotion"] == "Yes").to_numpy().astype(int)
    return Problem("promotion", x, treated, 10.0 * frame["purchase"].to_numpy(float), 0.15, None)


def planted(seed: int = SEED, customers: int = CUSTOMERS) -> Problem:
    """Six types that three features tell apart with noise; two gain, one is driven away, three do not care."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 6, customers)
    centres = np.random.default_rng(1).normal(size=(6, 3))
    x = pd.DataFrame(centres[kind] + 0.6 * rng.normal(size=(customers, 3)), columns=["a", "b", "c"])
    x["noise"] = rng.normal(size=customers)
    truth = EFFECTS[kind]  # hidden: the features tell it with noise
    treated = rng.integers(0, 2, customers)
    won = rng.random(customers) < 0.25 + truth / 12 * treated
    return Problem("planted types", x, treated, 12.0 * won, 1.0, truth)


def known_effect(x: pd.DataFrame) -> np.ndarray:
    """The mean effect of customers with these features: by the probability of each type."""
    centres = np.random.default_rng(1).normal(size=(6, 3))
    distance = ((x[["a", "b", "c"]].to_numpy()[:, None, :] - centres) ** 2).sum(axis=2)
    chance = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / (2 * 0.6**2))
    return chance @ EFFECTS / chance.sum(axis=1)


def coverage() -> list[str]:
    """A row per type, for the average and for customers: planted, mean estimate, intervals that hold it, findings."""
    draws, own, alike, average = [], [], [], []
    for seed in DRAWS:
        lot = planted(seed, OF_A_DRAW)
        X = lot.x.assign(arm=np.where(lot.treated == 1, "mail", "control"))
        model = ContactEffects(costs={"mail": lot.cost}, folds=FOLDS, seed=seed).fit(X, lot.y)
        types = pd.DataFrame({"type": pd.Series(lot.truth).rank(method="dense").astype(int).astype(str)})
        draws.append(effects_by_label(types, model.arms_, model.cross_fit_.scores))
        new = planted(seed + 10_000, 2_000)
        effect, half = model.learned_.interval(new.x)
        own.append(float((np.abs(effect[:, 0] - new.truth) <= half[:, 0]).mean()))
        alike.append(float((np.abs(effect[:, 0] - known_effect(new.x)) <= half[:, 0]).mean()))
        row = model.average_.loc["mail"]
        average.append((row["effect"], row["low"] <= EFFECTS.mean() <= row["high"]))
    table, effects = pd.concat(draws), np.sort(np.unique(EFFECTS))
    mean, held = np.mean(average, axis=0)
    rows = [f"| the average | {EFFECTS.mean():.2f} | {mean:.2f} | {held * len(own):.0f} of {len(own)} | |"]
    for number, effect in enumerate(effects, 1):
        rows_of = table[table["label"] == str(number)]
        holds = int(((rows_of["low"] <= effect) & (effect <= rows_of["high"])).sum())
        findings = ", ".join(f"{n} {word}" for word, n in rows_of["finding"].value_counts().items() if word)
        rows.append(f"| type that gains {effect:.2f} | {effect:.2f} | {rows_of['effect'].mean():.2f} | "
                    f"{holds} of {len(rows_of)} | {findings} |")  # fmt: skip
    for what, held in (("customers with the same features", alike), ("one customer, whose type is hidden", own)):
        rows.append(f"| {what} | | | {np.mean(held):.0%} of customers, {min(held):.0%} in the worst draw | |")
    return rows


def row(problem: Problem, name: str, effect: np.ndarray, seconds: float) -> str:
    """What the picks of a learner earn."""
    chosen, share = effect > problem.cost, problem.treated.mean()
    weight = problem.treated / share - (1 - problem.treated) / (1 - share)
    profit = chosen * (weight * problem.y - problem.cost)
    mean, half = 1000 * profit.mean(), 1960 * profit.std() / np.sqrt(len(profit))
    truth = "" if problem.truth is None else f"{1000 * (chosen * (problem.truth - problem.cost)).mean():.0f}"
    correlation = "" if problem.truth is None else f"{np.corrcoef(effect, problem.truth)[0, 1]:.2f}"
    return (
        f"| {problem.name} | {name} | {chosen.mean():.0%} | {mean:.1f} [{mean - half:.1f}, {mean + half:.1f}] | "
        f"{truth} | {correlation} | {seconds:.1f} |"
    )


def ours(problem: Problem) -> tuple[list[str], np.ndarray]:
    """Our three learners, and the folds that all are judged on."""
    rows = []
    for learner in ("dr", "t", "s"):
        begun = time.process_time()
        X = problem.x.assign(arm=np.where(problem.treated == 1, "mail", "control"))
        model = ContactEffects(costs={"mail": problem.cost}, learner=learner, folds=FOLDS, seed=SEED).fit(X, problem.y)
        rows.append(row(problem, f"patronage {learner.upper()}", model.effects_[:, 0], time.process_time() - begun))
    return rows, model.cross_fit_.fold


def theirs(problem: Problem, fold: np.ndarray, python: str) -> list[str]:
    """The meta-learners of causalml on the same folds, with like trees."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.csv", Path(folder) / "answer.csv"
        problem.x.assign(treated=problem.treated, y=problem.y, fold=fold).to_csv(given, index=False)
        subprocess.run([python, "-W", "ignore", "-c", THEIRS, str(given), str(answer)], check=True)
        effects = pd.read_csv(answer)
    names = [name for name in effects if not name.endswith("_seconds")]
    return [
        row(problem, f"causalml {name}", effects[name].to_numpy(), effects[f"{name}_seconds"].iloc[0]) for name in names
    ]


def main() -> None:
    rows = []
    for problem in ([promotion()] if PROMOTION.exists() else []) + [planted()]:
        own, fold = ours(problem)
        rows += [*own, *(theirs(problem, fold, sys.argv[1]) if len(sys.argv) > 1 else [])]
        print(*rows, sep="\n", flush=True)
    head = (
        "| data | learner | contacted | profit per 1,000, 95 % | true profit | correlation with the truth | CPU s |\n"
        "|---|---|---:|---:|---:|---:|---:|"
    )
    text = (__doc__ or "").split("\n\n", 1)[1].strip()
    held = "| effect of | planted | mean estimate | intervals that hold it | found to |\n|---|---:|---:|---:|---|"
    lines = [f"# Effects of contacts\n\n{text}\n", head, *rows, "", held, *coverage()]
    (HERE / "effects.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
