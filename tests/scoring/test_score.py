"""`patronage score` and `patronage relog`, as their users run them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from mlflow.client import MlflowClient

import forks
from patronage import scoring, tracking
from patronage.errors import TrackingError

pytestmark = pytest.mark.slow


@pytest.fixture
def score(patronage, fitted, registered):
    """The command on the shop's own log, at the cutoff of the training."""

    def run(*more: str, log: Path | str = fitted.log, cutoff: str = "2023-07-01", output: str = "out.parquet"):
        return patronage(
            "score", "model=models:/patronage@champion", "data=tables", f"data.transactions.path={log}",
            f"cutoff={cutoff}", f"output={output}", f"tracking.uri={registered}", *more,
        )  # fmt: skip

    return run


def latest(uri: str):
    client = MlflowClient(uri)
    everywhere = [one.experiment_id for one in client.search_experiments()]
    found = client.search_runs(everywhere, "tags.kind = 'score'", order_by=["attributes.start_time DESC"])
    return client.get_run(found[0].info.run_id)  # with its inputs


def test_it_says_what_training_said(score, fitted):
    code, _, said = score()
    assert code == 0, said
    scored = pd.read_parquet("out.parquet").set_index("customer_id")
    expected = fitted.bundle.assign(fitted.features)
    pd.testing.assert_frame_equal(scored[list(expected)], expected, check_dtype=False, rtol=1e-12)
    assert scored["model_version"].unique() == ["1"]


def test_the_same_again_is_the_same_bytes_in_every_form(score, project):
    for output in ("one.parquet", "two.parquet", "many"):
        assert score("passes=3", output=output)[0] == 0
    assert score("passes=3", output="duckdb://shop.duckdb/scores")[0] == 0
    one = (project / "one.parquet").read_bytes()
    assert one == (project / "two.parquet").read_bytes()
    assert score("passes=3", output="one.parquet")[0] == 0
    assert one == (project / "one.parquet").read_bytes()
    whole, parts = pq.read_table("one.parquet"), pq.read_table("many")
    assert whole.equals(parts)
    from patronage.engine import DuckDB

    engine = DuckDB(1)
    assert engine.row(f"SELECT count(*) FROM {scoring.parse('duckdb://shop.duckdb/scores').relation(engine)}") == (
        len(whole),
    )


def test_a_model_of_another_log_is_told(score):
    code, out, err = score("data.name=market")
    assert code == 0, err
    assert "models:/patronage/1 was trained on data.name=tables, and this log is market: give a model of" in out + err


def test_a_run_says_which_model_what_drifted_and_who_moved(score, registered, shop, project):
    assert score(output="nightly.parquet")[0] == 0
    assert score(output="nightly.parquet", cutoff="2023-09-01")[0] == 0
    run = latest(registered)
    assert run.data.tags["model"] == "models:/patronage/1"
    assert run.data.tags["output"] == str(project / "nightly.parquet")
    assert run.inputs.model_inputs[0].model_id.startswith("m-")
    assert run.inputs.dataset_inputs[0].dataset.digest
    assert 0 < run.data.metrics["score/moved_journey_stage"] < 1
    assert run.data.metrics["drift/psi_max"] > 0
    drift = MlflowClient(registered).download_artifacts(run.info.run_id, "drift.json")
    assert "churn_probability" in Path(drift).read_text()
    assert "usage_segment" in Path(drift).read_text()


def test_a_scoring_renders_no_page(score, registered):
    assert score(output="pageless.parquet")[0] == 0
    files = {file.path for file in MlflowClient(registered).list_artifacts(latest(registered).info.run_id)}
    assert not {name for name in files if name.endswith(".html")}
    needed = "import sys, patronage.jobs.score; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", needed], check=True, capture_output=True, text=True).stdout.split()
    assert "patronage.jobs.score" in loaded
    assert not {"jinja2", "patronage.review.page.html", "patronage.review.run_page.run_page"} & set(loaded)


FOREIGN = {
    "the log itself": ("log.parquet", "meets data.transactions.path=log.parquet, which this job reads"),
    "a Parquet file": ("other.parquet", "the file was not written by patronage score, and would be lost"),
    "part files": ("parts", "the folder holds part-00000.parquet, which was not written by patronage score"),
    "a table": ("duckdb://shop.duckdb/orders", "the table orders was not written by patronage score"),
}


@pytest.mark.parametrize("stands", FOREIGN)
def test_what_patronage_did_not_write_is_not_replaced(score, shop, project, stands):
    from patronage.engine import DuckDB

    output, message = FOREIGN[stands]
    (project / "parts").mkdir()
    for name in ("log.parquet", "other.parquet", "parts/part-00000.parquet"):
        shop.to_parquet(name)
    engine = DuckDB(1)
    with engine.database("shop.duckdb") as schema:
        engine.run(f"CREATE TABLE {schema}.orders AS SELECT * FROM read_parquet('log.parquet')")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    code, _, line = score(output=output, log="log.parquet")
    assert (code, line.count("\n")) == (1, 1)
    assert message in line
    assert {path: path.read_bytes() for path in before} == before


def test_a_table_is_not_replaced_while_it_is_read(score, shop, project):
    from patronage.engine import DuckDB

    engine = DuckDB(1)
    shop.to_parquet("log.parquet")
    with engine.database("shop.duckdb") as schema:
        engine.run(f"CREATE TABLE {schema}.orders AS SELECT * FROM read_parquet('log.parquet')")
    read = ("data.transactions.table=orders", "passes=2")
    code, _, line = score(*read, log="shop.duckdb", output="duckdb://shop.duckdb/orders")
    assert code == 1
    assert "meets data.transactions.path=shop.duckdb" in line
    assert score(*read, log="shop.duckdb", output="duckdb://shop.duckdb/scores")[0] == 0
    assert score(*read, log="shop.duckdb", output="duckdb://shop.duckdb/scores")[0] == 0
    relation = scoring.parse("duckdb://shop.duckdb/orders").relation(engine)
    assert engine.row(f"SELECT count(*) FROM {relation}") == (len(shop),)


def test_force_names_what_it_destroys(score, shop, project):
    shop.to_parquet("out.parquet")
    assert score()[0] == 1
    code, out, _ = score("force=true")
    assert code == 0
    assert f"force=true destroys the file {project / 'out.parquet'} (" in out
    assert f"{len(shop):,} rows)" in out
    assert "model_version" in pd.read_parquet("out.parquet")
    assert "force=true destroys" not in score("force=true")[1]


def test_drift_beyond_a_threshold_warns_or_fails(score, shop, project):
    dear = shop.assign(amount=shop["amount"] * 2.5)  # three times as much is not plausible
    dear.to_parquet("dear.parquet")
    assert score()[0] == 0
    before = Path("out.parquet").read_bytes()
    code, _, said = score("drift.psi.then=fail", log="dear.parquet")
    assert code == 1
    assert "psi above 0.25 in" in said
    assert "the old result is untouched" in said
    assert Path("out.parquet").read_bytes() == before
    code, _, err = score(log="dear.parquet")
    assert code == 0
    assert re.search(r"^\d{4}-\d\d-\d\dT\S+ WARNING \w{8} psi above 0.25 in", err, re.M)


BAD = {
    "models:/patronage@nobody": (1, ["model=models:/patronage@nobody"]),
    "no version; expected models:/NAME@ALIAS": (1, ["model=models:/patronage"]),
    "does not answer": (75, ["tracking.uri=http://127.0.0.1:9"]),
    "is not a date": (2, ["cutoff=soon"]),
    "expected FILE.parquet, a folder, duckdb://FILE/TABLE": (2, ["output=s3://bucket/x"]),
    "passes=none; expected auto or a number": (2, ["passes=none"]),
    "drift.psi.then=shout; expected one of warn, fail": (2, ["drift.psi.then=shout"]),
    "give a cutoff after 2022-01-0": (2, ["cutoff=2019-01-01"]),
    "Could not find": (2, ["+clv=pareto_nbd"]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_one_line_and_leaves_no_output(score, project, message):
    code, more = BAD[message]
    ended, _, said = score(*more)
    assert (ended, said.count("\n")) == (code, 1), said
    assert not (project / "out.parquet").exists()


def test_a_model_made_for_other_columns_is_named(score, shop):
    shop.assign(quantity=1).drop(columns="amount").to_parquet("other.parquet")
    code, _, said = score(log="other.parquet")
    assert code == 2
    assert "transactions.amount is required and not there" in said


def test_a_column_that_is_gone_is_drift_of_the_form(score, fitted, shop):
    from conftest import through_the_door
    from patronage.config import DriftConfig
    from patronage.scoring import check_form

    tables = through_the_door(shop.assign(channel="web"))
    from patronage.models.reference import build_reference

    reference = build_reference(fitted.features, tables.present, {})
    verdict = check_form(reference, through_the_door(shop), DriftConfig(columns_gone="fail"))
    assert verdict.fatal == ("transactions.channel: there at training, gone now (drift.columns_gone)",)


def test_a_full_disk_is_one_line(score, monkeypatch, project):
    def full(*_):
        raise OSError(28, "No space left on device")

    assert score()[0] == 0
    before = (project / "out.parquet").read_bytes()
    monkeypatch.setattr("patronage.scoring.work.settle", full)
    code, _, said = score(cutoff="2023-09-01")
    assert (code, said.count("\n")) == (1, 1)
    assert "out.parquet: No space left on device; the old result is untouched" in said
    assert (project / "out.parquet").read_bytes() == before


def test_what_could_not_be_logged_waits_and_is_logged_later(score, patronage, project, registered, monkeypatch):
    def away(*_):
        raise TrackingError("the run could not be logged: the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(tracking, "log_scoring", away)
        code, _, said = score("name=late")
    assert code == 0
    assert "patronage relog logs it" in said
    (waiting,) = (project / "mlruns" / "pending").glob("*.json")
    code, said, _ = patronage("relog", f"tracking.uri={registered}")
    assert code == 0
    assert waiting.name in said
    run = latest(registered)
    assert run.info.run_name == "late"
    assert run.data.metrics["score/customers"] > 300
    assert "nothing waits" in patronage("relog", f"tracking.uri={registered}")[1]


def test_a_tampered_model_is_refused(score, registered):
    folder = Path(registered.removeprefix("sqlite:///")).parent
    (trees,) = folder.rglob("clv.json")
    before = trees.read_text()
    trees.write_text(before.replace("0.", "1.", 1))
    try:
        code, _, said = score()
    finally:
        trees.write_text(before)
    assert code == 1
    assert "clv/clv.json changed since the model was saved" in said


@pytest.mark.slow
def test_a_killed_job_goes_on_where_it_was(score, fitted, registered, project):
    command = [
        "-m", "patronage.cli", "score", "model=models:/patronage/1", "data=tables", "passes=12",
        f"data.transactions.path={fitted.log}", "cutoff=2023-07-01", f"tracking.uri={registered}",
    ]  # fmt: skip
    job = forks.start(*command, "output=killed.parquet")
    deadline = time.monotonic() + 120
    while len(list((project / ".killed.parquet.scoring").glob("counts-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.communicate()
    assert not (project / "killed.parquet").exists()
    again = forks.run(*command, "output=killed.parquet")
    assert again.returncode == 0, again.stderr
    assert "of 12 passes of an interrupted job" in again.stderr
    assert score("passes=12", "model=models:/patronage/1", output="undisturbed.parquet")[0] == 0
    assert (project / "killed.parquet").read_bytes() == (project / "undisturbed.parquet").read_bytes()
    assert not list(project.glob(".*.scoring"))


def test_the_model_loads_where_pickle_is_forbidden(fitted, registered, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    for variable in (
        "MLFLOW_TRACKING_URI",
        "MLFLOW_REGISTRY_URI",
    ):  # of the process: other tests have stores of their own
        monkeypatch.setenv(variable, registered)
    model = mlflow.pyfunc.load_model("models:/patronage@champion")
    said = model.predict(fitted.features.head(3).reset_index())
    assert said["customer_id"].tolist() == fitted.features.index[:3].tolist()
