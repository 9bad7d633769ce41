"""The command as its users run it: on a table of their own, badly, twice, as a sweep."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from mlflow.client import MlflowClient

import forks
from conftest import BY_HAND, command
from mlflow_server import free_port, wait_until_it_answers
from patronage.jobs.train import former_personas
from patronage.names import HEADLINES
from patronage.tracking import Champion

pytestmark = pytest.mark.slow

TABLE = ("data=tables", "data.transactions.path=orders.csv", "cutoff=2023-07-01", "horizon_days=90")
SPOILT = (*TABLE, "data.on_bad_rows=quarantine")  # five rows of the log of `trained` are bad
STORE = "sqlite:///{}/mlruns/mlflow.db"
QUICK = (
    "personas.k_range=[3,4]", "personas.bootstraps=3", "evaluation.bootstraps=20", "origins.most=2",
    "churn.max_rounds=30", "journey.cadence_classes=1", "tracking.experiment=shop",
)  # fmt: skip


def runs(project: Path, experiment: str = "shop"):
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    found = client.get_experiment_by_name(experiment)
    return [] if found is None else client.search_runs([found.experiment_id])


def assignments_of(run) -> pd.DataFrame:
    path = Path(run.info.artifact_uri.removeprefix("file://")) / "assignments.parquet"
    return pd.read_parquet(path).drop(columns=["run_id", "model_version"])


BAD = {
    "no such file": (1, lambda shop: shop, ["data.transactions.path=nothing.csv"]),
    "no such column; the table has customer_id": (
        2,
        lambda shop: shop,
        ["data.transactions.columns.amount=price"],
    ),
    "transactions.amount is required": (2, lambda shop: shop.rename(columns={"amount": "net"}), []),
    "mapped twice": (2, lambda shop: shop, ["data.transactions.columns.quantity=amount"]),
    "(2022-01-03 to 2023-12-20)": (75, lambda shop: shop, ["cutoff=2030-01-01"]),
    "give a cutoff after 2022-01-0": (2, lambda shop: shop, ["cutoff=2019-01-01"]),
    "is not a date; expected YYYY": (2, lambda shop: shop, ["cutoff=someday"]),
    "leaves nothing to learn from": (2, lambda shop: shop, ["cutoff=2022-02-15"]),
    "longer than horizon_days=90; lower it": (2, lambda shop: shop, ["origins.window_days=91"]),
    "1 customers before the cutoff": (1, lambda shop: shop[shop["customer_id"] == "c000"], []),
    "are not a number (such as 'a lot')": (1, lambda shop: shop.assign(amount="a lot"), []),
    "amounts are negative (refunds)": (1, lambda shop: shop.assign(amount=-shop["amount"]), []),
    "7 rows repeat another row": (1, lambda shop: pd.concat([shop, shop.head(7)]), []),
    "expected one of kmeans, gmm": (2, lambda shop: shop, ["personas.method=trees"]),
    "Could not find 'personas/trees'": (2, lambda shop: shop, ["personas=trees"]),
    "the transactions are empty": (1, lambda shop: shop.head(0), []),
    "tracking.uri=./mlruns is none that MLflow knows": (1, lambda shop: shop, ["tracking.uri=./mlruns"]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(patronage, project, shop, message):
    code, spoil, more = BAD[message]
    spoil(shop).to_csv("orders.csv", index=False)
    before = {path for path in project.rglob("*") if "mlruns" not in path.parts}
    ended, _, said = patronage("train", *TABLE, *QUICK, *more)
    lines = [line for line in said.splitlines() if " INFO " not in line]
    assert (ended, len(lines)) == (code, 1), said
    assert message in said
    assert runs(project) == [] if (project / "mlruns" / "mlflow.db").exists() else True
    assert {path for path in project.rglob("*") if "mlruns" not in path.parts} == before  # but the store, if empty


def test_debug_shows_the_traceback(patronage, project, monkeypatch):
    monkeypatch.setenv("PATRONAGE_DEBUG", "1")
    code, _, lines = patronage("check", "data=tables", "data.transactions.path=nothing.csv")
    assert code == 1
    assert lines.startswith("Traceback")
    assert "DataError: data.transactions.path=nothing.csv: no such file" in lines


def test_check_says_what_the_data_supports(patronage, project):
    BY_HAND.to_csv("orders.csv", index=False)
    code, said, _ = patronage("check", "data=tables", "data.transactions.path=orders.csv")
    assert code == 0
    assert "4 customers, 10 transactions, 2024-01-01 to 2024-03-05" in said
    assert "rfm" in said


def test_usage_errors_are_2(patronage):
    assert patronage("fly")[0] == 2
    assert patronage()[0] == 2
    assert patronage("--help")[0] == 0


def train(project: Path, *arguments: str) -> tuple[int, str, str]:
    """The command in this process."""
    with contextlib.chdir(project):
        return command("train", *arguments)


def start(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PATRONAGE_ROOT"}
    return forks.run("-m", "patronage.cli", "train", *arguments, cwd=project, env=environment)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, shop) -> tuple[Path, str]:
    """A project with one run named `first`, and what the command printed."""
    project = tmp_path_factory.mktemp("project")
    (project / "mlruns").mkdir()
    spoilt = shop.tail(5).astype({"amount": object}).assign(amount="a lot")
    pd.concat([shop, spoilt]).to_csv(project / "orders.csv", index=False)
    done = start(project, *SPOILT, *QUICK, "name=first", "seed=0")
    assert done.returncode == 0, done.stderr
    return project, done.stdout


class TestFormerPersonas:
    """They are carried on where the champion is one of this log's past and sees what this data has."""

    def carried_on(self, **changes: object) -> tuple[bool, str]:
        taste = SimpleNamespace(learned=("tea",))
        personas = SimpleNamespace(reads=("n_orders", "taste_1"), columns=("n_orders", "taste_1"))
        bundle = SimpleNamespace(personas=personas, lenses=SimpleNamespace(taste=taste))
        champion = Champion(bundle, version="3", cutoff="2023-07-01", data="shop")
        here = {"data": "shop", "cutoff": datetime(2023, 8, 1), "columns": ["n_orders", "taste_1"], "learned": ("tea",)}
        here |= changes
        config = SimpleNamespace(data=SimpleNamespace(name=here["data"]))
        current = SimpleNamespace(cutoff=here["cutoff"], features=pd.DataFrame(columns=here["columns"]))
        lenses = SimpleNamespace(taste=SimpleNamespace(learned=here["learned"]))
        former, origin = former_personas(champion, config, SimpleNamespace(current=current, lenses=lenses))
        assert former in (None, personas)
        return former is personas, origin

    def test_of_this_logs_past(self):
        assert self.carried_on() == (True, "carried on from the champion, version 3")

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"data": "market"}, "is of data=shop"),
            ({"cutoff": datetime(2023, 6, 30)}, "was fitted at 2023-07-01, after this cutoff"),
            ({"columns": ["n_orders"]}, "reads taste_1, which this data lacks"),
            ({"learned": ("beef",)}, "what is bought has changed too much for the taste of the champion, version 3"),
        ],
    )
    def test_else_the_line_says_why_not(self, changes, why):
        carried_on, origin = self.carried_on(**changes)
        assert not carried_on
        assert origin.startswith("fresh: ")
        assert why in origin


def shown_table(run, name: str) -> pd.DataFrame:
    """A table of a run, as MLflow shows it."""
    table = json.loads((Path(run.info.artifact_uri.removeprefix("file://")) / name).read_text())
    return pd.DataFrame(table["data"], columns=table["columns"])


@pytest.mark.slow
class TestARun:
    def test_its_model_has_each_metric_with_the_customers_it_was_measured_on(self, trained):
        project, _ = trained
        client = MlflowClient(STORE.format(project))
        (run,) = [run for run in runs(project) if run.info.run_name == "first"]
        model = client.get_logged_model(run.outputs.model_outputs[0].model_id)
        places = {metric.key: metric.dataset_name for metric in model.metrics}
        assert places["churn/log_loss"] == "later @ 2023-07-01"
        assert places["churn/unseen/log_loss"] == "later, unseen customers @ 2023-07-01"
        assert places.get("segments/holds", "later @ 2023-07-01") == "later @ 2023-07-01"
        assert places["personas/stability_ari"] == run.inputs.dataset_inputs[0].dataset.name  # the log itself
        assert all(places.values()), places
        version = client.get_model_version("patronage-tables", "1")
        assert "measured from 2023-07-01 on beside the best baseline" in version.description
        assert "alias `champion`" in client.get_registered_model("patronage-tables").description

    def test_it_logs_everything_a_reviewer_looks_for(self, trained):
        project, said = trained
        (run,) = [run for run in runs(project) if run.info.run_name == "first"]
        assert run.info.status == "FINISHED"
        assert run.data.tags["kind"] == "train"
        shown = [name for name in run.data.tags if not name.startswith("mlflow.")]  # above the description
        assert len([name for name in shown if not name.startswith("clv.")]) <= 6, shown
        assert set(run.data.metrics) <= set(HEADLINES)
        assert set(HEADLINES) - set(run.data.metrics) <= {"segments/holds"}
        assert all(len(MlflowClient(STORE.format(project)).get_metric_history(run.info.run_id, name)) == 1
                   for name in run.data.metrics)  # fmt: skip
        every = shown_table(run, "metrics.json").set_index("metric")["value"]
        for name in (
            "churn/baseline_recency/roc_auc", "clv/baseline_past_rate/spend_rmse",
            "personas/baseline_shuffled/later_behaviour", *run.data.metrics,
        ):  # fmt: skip
            assert name in every, name
        sample = shown_table(run, "assignments_sample.json")
        assert len(sample) == 50
        assert sample["customer_id"].str.startswith("customer ").all()
        data, later, unseen = run.inputs.dataset_inputs
        assert (later.dataset.name, unseen.dataset.name) == (
            "later @ 2023-07-01",
            "later, unseen customers @ 2023-07-01",
        )
        assert len(data.dataset.digest) == 32
        assert {tag.key: tag.value for tag in data.tags}["customers"] == "400"
        folder = Path(run.info.artifact_uri.removeprefix("file://"))
        for name in ("config.yaml", "assignments.parquet", "personas.json", "scorecard.json", "figures/rfm_grid.png",
                     "figures/churn_calibration.png", "figures/clv_by_decile.png", "figures/persona_profile.png",
                     "figures/stage_counts.png", "tables/persona_choice.json",
                     "tables/persona_rules.json", "figures/persona_choice.png"):  # fmt: skip
            assert (folder / name).stat().st_size > 100, name
        assert len(list(folder.iterdir())) < 20  # MLflow's page shows so many at once: the report is in sight
        assert str(folder / "assignments.parquet") in said
        assert f"runs/{run.info.run_id}" in said
        assert assignments_of(run).notna().all(axis=None)

    def test_its_next_actions_are_those_of_its_assignments(self, trained):
        project, _ = trained
        (run,) = [run for run in runs(project) if run.info.run_name == "first"]
        folder = Path(run.info.artifact_uri.removeprefix("file://"))
        actions = pd.read_parquet(folder / "actions.parquet").set_index("customer_id")
        assignments = assignments_of(run).set_index("customer_id").loc[actions.index]
        assert len(actions) == 400
        for column in ("action", "holdout", "expected_profit"):
            assert actions[column].tolist() == assignments[column].tolist(), column
        assert set(actions["action"]) > {"leave_alone"}

    def test_its_model_says_what_the_run_said_without_pickle(self, trained):
        project, _ = trained
        code = (
            "import mlflow\n"
            "from datetime import datetime\n"
            "from patronage import data, lenses\n"
            "from patronage.config import DataConfig, TransactionsConfig\n"
            "from patronage.engine import DuckDB\n"
            f"mlflow.set_tracking_uri('sqlite:///{project}/mlruns/mlflow.db')\n"
            "model = mlflow.pyfunc.load_model('models:/patronage-tables/1')\n"
            "bundle = model.unwrap_python_model().bundle\n"
            "orders = TransactionsConfig(path='orders.csv')\n"
            "config = DataConfig(name='tables', money_decimals=4, on_bad_rows='quarantine', transactions=orders)\n"
            "tables = data.load(DuckDB(), config)\n"
            "features = lenses.features_at(tables, datetime(2023, 7, 1), bundle.lenses, bundle.period_days)\n"
            "model.predict(features.reset_index()).to_parquet('again.parquet')\n"
        )
        environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
        done = forks.run("-c", code, cwd=project, env=environment)
        assert done.returncode == 0, done.stderr
        (run,) = [run for run in runs(project) if run.info.run_name == "first"]
        own = assignments_of(run).drop(columns="cutoff")
        pd.testing.assert_frame_equal(pd.read_parquet(project / "again.parquet"), own, check_exact=True)

    def test_it_serves_and_says_what_a_bad_request_lacks(self, trained):
        project, _ = trained
        client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
        model = Path(client.get_model_version_download_uri("patronage-tables", "1").removeprefix("file://"))
        example = json.loads((model / "serving_input_example.json").read_text())
        table, port = example["dataframe_split"], free_port()
        address = f"http://127.0.0.1:{port}/invocations"
        words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(port),
                 "--env-manager", "local"]  # fmt: skip
        # MLflow starts uvicorn by its name: it must be found, as in an activated environment
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        server = subprocess.Popen(
            words, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until_it_answers(f"http://127.0.0.1:{port}/ping")
            code, answer = _post(address, example)
            assert code == 200
            assert len(answer["predictions"]) == 2  # a made-up buyer, and a contact who never bought
            assert answer["predictions"][0]["customer_id"] == "example-buyer"
            assert 0 <= answer["predictions"][0]["churn_probability"] <= 1
            buyer, contact = (dict(zip(table["columns"], row, strict=True)) for row in table["data"])
            for records, ids in (([contact | {"customer_id": 17850}], ["17850"]), ([buyer | {"n_orders": 3}], None)):
                code, answer = _post(address, {"dataframe_records": records})
                assert code == 200
                assert [row["customer_id"] for row in answer["predictions"]] == (ids or ["example-buyer"])
            code, answer = _post(address, {"dataframe_split": table | {"data": []}})
            assert (code, answer["predictions"]) == (200, [])
            for record, line in (
                ({"customer_id": "x"}, "n_orders, .*: no such column in the rows"),
                (buyer | {"n_orders": "x"}, "n_orders: no number in 1 of 1 rows"),
                (contact | {"customer_id": None}, "customer_id: missing in 1 of 1 rows"),
            ):
                code, answer = _post(address, {"dataframe_records": [record]})
                assert code == 400
                assert re.search(line, json.dumps(answer))
                assert "Traceback" not in json.dumps(answer)
        finally:
            server.terminate()
            server.wait()

    def test_a_refit_carries_the_champions_personas_on(self, trained):
        project, said = trained
        assert "fresh: no champion yet" in said
        client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
        client.set_registered_model_alias("patronage-tables", "champion", "1")
        experiment = ("tracking.experiment=later", "churn=btyd")
        try:
            _, later, err = train(project, *SPOILT, *QUICK, *experiment, "cutoff=2023-08-01", "name=later")
            assert "carried on from the champion, version 1: " in later, err
        finally:
            client.delete_registered_model_alias("patronage-tables", "champion")
        by_name = {run.info.run_name: run for run in runs(project, "later")}
        page = Path(by_name["later"].info.artifact_uri.removeprefix("file://"), "report.html").read_text()
        assert "The model as of 2023-08-01 expected" in page  # this run: its horizon is over by the end of the log
        assert "2023-07-01, 90 days" in page  # the champion's totals beside it
        every = shown_table(by_name["later"], "metrics.json").set_index("metric")["value"]
        assert every["personas/moved_by_refit"] < 0.5
        folder = Path(by_name["later"].info.artifact_uri.removeprefix("file://"))
        verdicts = json.loads((folder / "tables" / "persona_matching.json").read_text())
        assert "match_cost" in verdicts["columns"]

    def test_a_sweep_is_one_parent_with_its_children(self, trained):
        project, _ = trained
        experiment = "tracking.experiment=sweep"
        code, said, err = train(
            project,
            "-m",
            *SPOILT,
            *QUICK,
            experiment,
            "personas=kmeans,gmm",
            "personas.k=3",
            "personas.allow_unstable=true",
            "churn=btyd",
        )
        assert code == 0, err
        made = runs(project, "sweep")
        (parent,) = [run for run in made if run.data.tags["kind"] == "sweep"]
        assert parent.info.status == "FINISHED"
        children = [run for run in made if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        chosen = {(run.data.params["personas.method"], run.data.params["personas.k"]) for run in children}
        assert chosen == {("kmeans", "3"), ("gmm", "3")}
        assert "mlflow.parentRunId" in said
        table = json.loads((Path(parent.info.artifact_uri.removeprefix("file://")) / "sweep.json").read_text())
        rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
        assert {row["overrides"] for row in rows} == {"personas=kmeans", "personas=gmm"}
        assert {row["run"] for row in rows} == {run.info.run_name for run in children}
        losses = {run.info.run_id: run.data.metrics["churn/log_loss"] for run in children}
        assert {row["run_id"]: row["churn/log_loss"] for row in rows} == pytest.approx(losses)  # a table has 9 digits
        assert not [row for row in rows if row["best"]]  # the personas move no loss of a forecast
        assert "No child is called best" in parent.data.tags["mlflow.note.content"]
        assert "| personas=gmm |" in parent.data.tags["mlflow.note.content"]
        assert {run.info.run_name for run in children} == {"personas=kmeans", "personas=gmm"}
        client = MlflowClient(STORE.format(project))
        assert not [run for run in children if client.search_model_versions(f"run_id = '{run.info.run_id}'")]

    def test_a_sweep_that_fails_closes_its_parent(self, trained):
        project, _ = trained
        more = ("tracking.experiment=failing", "personas.k=3,3000", "personas.allow_unstable=true", "churn=btyd")
        done = start(project, "-m", *SPOILT, *QUICK, *more)
        assert done.returncode == 2
        assert "personas.k=3000; expected 2 to 100" in done.stderr
        states = {run.data.tags["kind"]: run.info.status for run in runs(project, "failing")}
        assert states == {"sweep": "FAILED", "train": "FINISHED"}

    def test_a_log_that_ends_at_the_cutoff_is_measured_on_the_horizon_before(self, trained, shop):
        project, _ = trained
        shop[shop["ordered_at"] < "2023-07-01"].to_csv(project / "past.csv", index=False)
        more = ("data.transactions.path=past.csv", "tracking.experiment=past", "name=past")
        code, said, err = train(project, *SPOILT, *QUICK, *more)
        assert code == 0, err
        assert "measured from 2023-04-02 on" in said
        (past,) = runs(project, "past")
        assert past.data.tags["evaluated_from"] == "2023-04-02"
        (first,) = [run for run in runs(project) if run.info.run_name == "first"]
        pd.testing.assert_frame_equal(assignments_of(past), assignments_of(first), check_exact=True)

    def test_bad_rows_set_aside_are_kept_with_the_run(self, trained):
        project, said = trained
        assert "5 bad rows of transactions were set aside" in said
        (run,) = [run for run in runs(project) if run.info.run_name == "first"]
        aside = pd.read_parquet(Path(run.info.artifact_uri.removeprefix("file://")) / "quarantine_transactions.parquet")
        assert aside["reason"].tolist() == ["amount: not a number"] * 5


def _post(address: str, body: object) -> tuple[int, dict]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
