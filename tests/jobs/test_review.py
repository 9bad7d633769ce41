"""Two runs compared, one promoted, the other refused; and what a reviewer sees of it in MLflow's own pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from mlflow.client import MlflowClient

from browser import Browser, chromium
from conftest import REPO, command, with_store
from mlflow_server import mlflow_server

pytestmark = pytest.mark.slow

QUICK = (
    "data=tables", "data.transactions.path=orders.csv", "horizon_days=90", "churn=btyd", "origins.most=1",
    "personas.bootstraps=3", "personas.allow_unstable=true", "evaluation.bootstraps=50", "tracking.experiment=shop",
    "journey.cadence_classes=1",
)  # fmt: skip
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory, shop, empty_store) -> Iterator[Path]:
    folder = with_store(tmp_path_factory.mktemp("project"), empty_store)
    shop.to_csv(folder / "orders.csv", index=False)
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def patronage(project) -> Command:
    """The command, in that project."""
    return command


@pytest.fixture(scope="module")
def reviewed(project, patronage) -> str:
    """A store with two training runs and their comparison; gives what the comparison printed."""
    for name, more in {"summer": ("cutoff=2023-07-01",), "autumn": ("cutoff=2023-09-01", "personas.k=4")}.items():
        code, _, err = patronage("train", *QUICK, "personas.k=3", *more, f"name={name}")
        assert code == 0, err
    code, said, err = patronage("compare", "baseline=summer", "candidate=autumn", "bootstraps=50")
    assert code == 0, err
    return said


@pytest.fixture
def client(reviewed, project) -> MlflowClient:
    return MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")


def found(client: MlflowClient, name: str):
    everything = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    return next(run for run in everything if run.info.run_name == name)


@pytest.mark.slow
class TestCompare:
    def test_a_few_lines_say_what_moved_and_where_the_report_is(self, reviewed):
        assert "stay where they were (behaviour moved" in reviewed
        assert (
            "error of the probabilities of churn (log-loss)" in reviewed
        )  # the older model was asked again about the later window
        (report,) = [line.split(maxsplit=1)[1] for line in reviewed.splitlines() if line.startswith("report")]
        assert Path(report).read_text().startswith("<!DOCTYPE html>")

    def test_it_is_a_run_of_its_own_linked_to_both(self, client):
        run = found(client, "summer to autumn")
        assert run.data.tags["kind"] == "comparison"
        for side, name in (("baseline", "summer"), ("candidate", "autumn")):
            run_id = found(client, name).info.run_id
            assert run.data.tags[f"{side}.run_id"] == run_id
            assert run_id in run.data.tags["mlflow.note.content"]
        assert 0 < run.data.metrics["migration/persona/stayed_share"] < 1
        files = {one.path for place in ("", "tables") for one in client.list_artifacts(run.info.run_id, place)}
        names = {f"tables/{name}.json" for name in ("migration", "agreement", "largest_changes")}
        assert {"report.html", "drift.json", *names} <= files

    def test_the_same_run_by_id_version_and_name_did_not_move(self, client, patronage):
        run_id = found(client, "summer").info.run_id
        version = "candidate=models:/patronage-tables/1"
        code, out, _ = patronage("compare", f"baseline={run_id}", version, "name=itself")
        assert code == 0
        assert "100.0% stay where they were; ARI 1.000" in out
        assert found(client, "itself").data.metrics["migration/persona/refit_share"] == 0

    def test_a_run_that_is_not_there_is_one_line(self, reviewed, patronage):
        for reference, message in {
            "winter": "no training run is called winter; expected a run id, a run's name, @champion or models:/",
            "@nobody": "expected a run id",
            "0" * 32: "not found",
            "models:/patronage-tables/99": "not found",
        }.items():
            code, _, said = patronage("compare", "baseline=summer", f"candidate={reference}")
            assert (code, said.count("\n")) == (1, 1), said
            assert message in said

    def test_a_comparison_is_no_training_run(self, client, patronage):
        run_id = found(client, "summer to autumn").info.run_id
        code, _, said = patronage("compare", "baseline=summer", f"candidate={run_id}")
        assert code == 1
        assert "is of kind comparison and FINISHED; expected a finished train run" in said

    def test_without_a_store_nothing_is_made(self, reviewed, patronage, project):
        code, _, said = patronage("compare", "baseline=a", "candidate=b", "tracking.uri=sqlite:///mlruns/other.db")
        assert code == 1
        assert "no MLflow store at tracking.uri=sqlite:///mlruns/other.db" in said
        assert not (project / "mlruns" / "other.db").exists()


@pytest.mark.slow
class TestPromote:
    """One story, in order."""

    EASY = ("gates.persona_stability=0", "gates.churn_ece=1", "gates.coverage_80=0.8")

    def champion(self, client: MlflowClient) -> str:
        return str(client.get_model_version_by_alias("patronage-tables", "champion").version)

    def test_the_first_champion_needs_no_rival(self, client, patronage):
        code, said, err = patronage("promote", "run=summer", *self.EASY)
        assert code == 0, err
        assert "no champion yet" in said
        assert self.champion(client) == "1"
        tags = client.get_model_version("patronage-tables", "1").tags
        assert tags["promotion"].startswith("promoted on 20")
        assert tags["gate.churn_ece"].startswith("passed")

    def test_again_it_is_said_to_be_the_champion_already(self, client, patronage):
        assert "is the champion already" in patronage("promote", "run=@champion")[1]

    def test_a_gate_refuses_with_exit_code_1_and_keeps_the_verdict(self, client, patronage):
        code, _, err = patronage("promote", "run=autumn", *self.EASY, "gates.refit_moves=0.001")
        assert code == 1
        assert "refit_moves failed" in err
        assert "force=true reason='...'" in err
        assert self.champion(client) == "1"
        assert client.get_model_version("patronage-tables", "2").tags["promotion"].startswith("refused")
        assert found(client, "autumn").data.tags["gate.refit_moves"].startswith("failed: ")

    def test_force_needs_a_reason_and_keeps_it(self, client, patronage):
        assert patronage("promote", "run=autumn", "force=true")[0] == 2
        code, said, err = patronage(
            "promote", "run=autumn", *self.EASY, "gates.refit_moves=0.001", "force=true", "reason=four kinds now"
        )
        assert code == 0, err
        assert "forced (four kinds now)" in said
        assert self.champion(client) == "2"
        run = found(client, "autumn")
        path = client.download_artifacts(run.info.run_id, "promotion.json")
        kept = pd.read_json(path, orient="split")
        assert kept["attempt"].str.split(" on ").str[0].unique().tolist() == ["refused", "forced (four kinds now)"]

    def test_rollback_restores_the_champion_before(self, client, patronage):
        code, said, _ = patronage("rollback", "reason=complaints")
        assert code == 0
        assert "models:/patronage-tables/1, instead of version 2" in said
        assert self.champion(client) == "1"
        assert "complaints" in client.get_model_version("patronage-tables", "2").tags["promotion"]

    def test_before_the_first_there_is_none(self, client, patronage):
        code, _, said = patronage("rollback")
        assert code == 1
        assert "is the first champion; there is none to go back to" in said
        assert self.champion(client) == "1"


@pytest.fixture(scope="module")
def server(reviewed, project) -> Iterator[str]:
    """MLflow's own server on the store of the runs."""
    with mlflow_server(project, f"sqlite:///{project}/mlruns/mlflow.db") as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser") / "profile", width=1700)
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.skipif(
    chromium() is None and not os.environ.get("CI"), reason="no Chromium here (apt-get install chromium); CI has one"
)
class TestWhatAReviewerSees:
    """Pictures of every page are kept in build/screenshots: look at them."""

    SHOTS = REPO / "build" / "screenshots"

    def page(self, client: MlflowClient, server: str, rest: str) -> str:
        experiment = client.get_experiment_by_name("shop").experiment_id
        sign = "&" if "?" in rest else "?"
        return f"{server}/#/experiments/{experiment}/runs{rest}{sign}workflowType=machine_learning"

    def test_the_experiment_lists_runs_and_comparison(self, client, server, browser):
        browser.open(self.page(client, server, ""))
        browser.wait_for("summer", "autumn", "summer to autumn")
        browser.picture(self.SHOTS / "experiment.png")

    def test_a_run_opens_with_its_scorecard(self, client, server, browser):
        browser.open(self.page(client, server, f"/{found(client, 'summer').info.run_id}"))
        shown = browser.wait_for("Assignments as of 2023-07-01", "best baseline", "churn/log_loss")
        assert "Finished" in shown
        browser.picture(self.SHOTS / "run.png")

    def test_the_report_shows_inside_the_artifact_page(self, client, server, browser):
        run = found(client, "summer to autumn")
        browser.open(self.page(client, server, f"/{run.info.run_id}/artifacts"))
        browser.wait_for("report.html")
        browser.click("report.html")
        shown = browser.wait_for("summer → autumn", "Who moved, and why", "The customers that changed most")
        assert f"{run.data.metrics['migration/persona/behaviour_moved_share']:.1%}" in shown
        browser.picture(self.SHOTS / "report.png")

    def test_the_personas_of_the_runs_stand_side_by_side(self, client, server, browser):
        only = "searchFilter=tags.kind%20%3D%20%27train%27"
        browser.open(self.page(client, server, f"?compareRunsMode=ARTIFACT&{only}"))
        browser.run("(document.querySelector('button[aria-label=Close]') || {click() {}}).click()")  # the assistant
        names = [
            pd.read_json(client.download_artifacts(found(client, name).info.run_id, "personas.json"), orient="split")
            for name in ("summer", "autumn")
        ]
        shown = browser.wait_for("Table:", "personas.json", *(table["persona"].iloc[0] for table in names))
        assert "summer to autumn" not in shown
        browser.picture(self.SHOTS / "personas.png")
