"""`patronage effect`: a trial with a planted effect, one without, contacts that were chosen, and a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.client import MlflowClient

from conftest import command
from patronage.config import EffectConfig
from patronage.jobs import effect


def trial(effect: float, *, chosen: bool = False, customers: int = 3000) -> pd.DataFrame:
    """Customers of whom the young gain by `effect` and the old lose as much."""
    rng = np.random.default_rng(5)
    age = rng.uniform(20, 70, customers).round(1)
    p = np.where(age < 45, 0.8, 0.2) if chosen else 0.5
    arm = np.where(rng.random(customers) < p, "mail", "control")
    spent = rng.normal(5, 1, customers) + (arm == "mail") * np.where(age < 45, effect, -effect)
    stage = np.where(age < 45, "young", "old")
    return pd.DataFrame({"id": np.arange(customers), "age": age, "stage": stage, "arm": arm, "spent": spent.round(4)})


WORDS = ("path=trial.csv", "outcome=spent", "leave_out=[id]", "labels=[stage]", "costs={mail: 0.1}", "folds=3")


def logged(project: Path):
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("patronage").experiment_id])
    return run, Path(run.info.artifact_uri.removeprefix("file://"))


@pytest.mark.slow
def test_a_planted_effect_is_found_with_its_policy_and_the_harmed(project):
    trial(1.0).to_csv("trial.csv", index=False)
    code, out, err = command("effect", *WORDS, "output=list.parquet")
    assert code == 0, err
    assert "contacting by effect earns" in out
    run, folder = logged(project)
    assert run.data.tags["kind"] == "effect"
    assert run.data.metrics["effect/mail/qini"] > 0
    assert run.data.metrics["effect/gain_per_1000"] > 300
    page = (folder / "report.html").read_text()
    assert "old (stage) is harmed by mail" in page
    assert set(pd.read_parquet("list.parquet")["recommended_arm"]) == {"control", "mail"}
    code, _, err = command("effect", *WORDS, "output=list.parquet")
    assert (code, "something stands there" in err) == (1, True)


@pytest.mark.slow
def test_a_null_is_told_as_a_null(project):
    trial(0.0).to_csv("trial.csv", index=False)
    code, out, err = command("effect", *WORDS)
    assert code == 0, err
    assert "no average effect is found beyond chance" in out
    assert "so the simple policy stays" in out
    assert "no label is found to gain or to be harmed" in (logged(project)[1] / "report.html").read_text()


@pytest.mark.slow
def test_contacts_that_were_chosen_are_refused_and_nothing_is_logged(project):
    trial(1.0, chosen=True).to_csv("trial.csv", index=False)
    code, _, err = command("effect", *WORDS)
    assert code == 1
    assert "the arms were not drawn by lot: " in err
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    assert client.search_runs([client.get_experiment_by_name("patronage").experiment_id]) == []


@pytest.mark.slow
def test_a_plan_needs_no_table(project):
    code, out, err = command("effect", "plan.rate=0.1", "plan.gain=10", "plan.cost=0.2")
    assert code == 0, err
    assert "from an effect of 2.00 points on" in out
    assert "3,8" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "nothing to do; give path=FILE"),
        (("plan.rate=0.1",), 2, "plan.rate, plan.gain and plan.cost belong together"),
        (("path=nowhere.csv",), 1, "nowhere.csv cannot be read"),
        (("path=trial.csv", "outcome=sales"), 1, "no column sales; the table has id, age, stage, arm, spent"),
        (("path=trial.csv", "outcome=stage", "leave_out=[id]"), 1, "the column stage holds no numbers"),
        (("path=trial.csv", "outcome=spent", "control=nothing", "leave_out=[id]"), 1, "expected nothing (control=...)"),
        (("path=trial.csv", "learner=x"), 2, "learner=x; expected one of dr, t, s"),
    ],
)
@pytest.mark.slow
def test_bad_input_is_one_line(project, words, code, message):
    trial(0.0, customers=50).to_csv("trial.csv", index=False)
    ended, _, err = command("effect", *words)
    assert (ended, message in err) == (code, True), err


def shop(customers: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A log in which half of the customers are mailed by lot, and half of these order once more within the week."""
    rng = np.random.default_rng(8)
    ids, day = [f"c{number:03d}" for number in range(customers)], pd.Timestamp("2024-06-01")
    days = [day - pd.to_timedelta(rng.integers(1, 150, customers), unit="D") for _ in range(3)]
    orders = pd.concat(
        pd.DataFrame({"customer_id": ids, "ordered_at": moment, "amount": rng.gamma(3, 10, customers).round(2)})
        for moment in days
    )
    mailed = rng.random(customers) < 0.5
    won = [name for name, own in zip(ids, mailed & (rng.random(customers) < 0.5), strict=True) if own]
    more = pd.DataFrame({"customer_id": won, "ordered_at": day + pd.Timedelta(days=3), "amount": 20.0})
    last = pd.DataFrame({"customer_id": ids[:5], "ordered_at": day + pd.Timedelta(days=40), "amount": 1.0})
    contacts = pd.DataFrame({"customer_id": ids, "contacted_at": day, "arm": np.where(mailed, "mail", "control")})
    return pd.concat([orders, more, last]), contacts


@pytest.mark.slow
def test_the_contacts_of_a_log_and_our_own_actions_are_a_trial(project):
    orders, contacts = shop()
    orders.to_csv("orders.csv", index=False)
    contacts.to_csv("contacts.csv", index=False)
    log = ["data=tables", "data.transactions.path=orders.csv", "cutoff=2024-06-01", "outcome=ordered", "folds=2"]
    log += ["data.on_duplicate_rows=keep"]
    code, out, err = command("effect", *log, "data.contacts.path=contacts.csv", "output=list.parquet")
    assert code == 0, err
    assert "contacts     400 customers: " in out
    assert "mail changes the outcome by +0.4" in out or "mail changes the outcome by +0.5" in out
    assert pd.read_parquet("list.parquet")["customer_id"].is_unique
    assert any("Best" in name or "best single label" in name for name in out.splitlines())

    actions = pd.DataFrame({"customer_id": contacts["customer_id"], "action": "win_back"})
    actions["holdout"], actions["cutoff"] = contacts["arm"] == "control", pd.Timestamp("2024-06-01")
    actions.to_parquet("actions.parquet")
    code, out, err = command("effect", *log, "past_actions=actions.parquet")
    assert code == 0, err
    assert "win_back changes the outcome by +0." in out
    actions.assign(cutoff=pd.Timestamp("2024-05-01")).to_parquet("actions.parquet")
    code, _, err = command("effect", *log, "past_actions=actions.parquet")
    assert (code, "made at the cutoff 2024-05-01; expected cutoff=2024-06-01" in err) == (1, True)


@pytest.mark.slow
def test_the_lots_of_several_months_are_learned_from_together(project):
    """Each month has its own shares of the arms, and each customer is in one fold with all months."""
    orders, contacts = shop()
    ids = contacts["customer_id"]
    earlier = pd.DataFrame({"customer_id": ids, "contacted_at": pd.Timestamp("2024-05-01"), "arm": "control"})
    earlier.loc[np.random.default_rng(1).random(len(ids)) < 0.2, "arm"] = "mail"
    orders.to_csv("orders.csv", index=False)
    pd.concat([contacts, earlier]).to_csv("contacts.csv", index=False)
    log = ["data=tables", "data.transactions.path=orders.csv", "data.contacts.path=contacts.csv", "outcome=ordered"]
    log += ["data.on_duplicate_rows=keep", "cutoff=[2024-05-01,2024-06-01]", "folds=2"]
    code, out, err = command("effect", *log, "output=list.parquet", "model=learned")
    assert code == 0, err
    assert out.count("contacts     ") >= 2
    rows = pd.read_parquet("list.parquet")
    assert rows["customer_id"].is_unique
    assert len(rows) == 400
    assert (Path("learned") / "effects.json").is_file()
    code, _, err = command("effect", *log, "past_actions=actions.parquet")
    assert (code, "past_actions: 1 for 2 cutoffs; expected one of each cutoff" in err) == (2, True)


def test_outcomes_that_are_missing_in_one_arm_are_refused_and_named(project):
    rows = trial(0.0, customers=400)
    rows.loc[(rows["arm"] == "control") & (rows["age"] < 40), "spent"] = np.nan
    rows.to_csv("trial.csv", index=False)
    code, out, err = command("effect", *WORDS)
    assert code == 1
    assert "rows without an outcome" in out
    assert "the outcome is missing for" in err
    assert "0.0% of mail; give 0 where nothing came" in err


def test_arms_without_a_cost_and_costs_of_no_arm_are_told(capsys):
    effect._print_costs(EffectConfig(path="trial.csv", costs={"mial": 2.0, "call": 3.0}), ["call", "control", "mail"])
    assert capsys.readouterr().out == (
        "costs        nobody got mial; the arms are call, control, mail\n"
        "costs        not given of mail: such a contact counts as free; give costs={ARM: ...}\n"
    )
