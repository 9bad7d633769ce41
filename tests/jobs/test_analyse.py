"""`patronage analyse` as a user runs it."""

from __future__ import annotations

import mlflow
import pandas as pd
import pytest

from described_columns import undescribed

pytestmark = pytest.mark.slow

SMALL = ("data=simulated", "data.simulated.customers=600", "cutoff=2023-07-01", "drivers.bootstraps=20")
COHORT = "cohorts.behaviours={rated_three: {event: rating, at_least: 3, within_days: 7}}"


def test_it_logs_a_table_and_a_figure_of_each_analysis(patronage, project):
    code, out, _ = patronage("analyse", *SMALL, "companions.least=5", "drivers.surveys=[rating]")
    assert code == 0, out
    store = f"sqlite:///{project}/mlruns/mlflow.db"
    client = mlflow.MlflowClient(store)
    (run,) = client.search_runs([client.get_experiment_by_name("patronage").experiment_id])
    assert run.data.tags["kind"] == "analysis"
    mlflow.set_tracking_uri(store)
    top = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert top == {"config.yaml", "figures", "lists", "report.html", "tables"}  # so few that the page is in sight
    logged = {file.path for file in client.list_artifacts(run.info.run_id, "tables")}
    names = {"cohorts", "first_days_activity", "drivers_rating", "movements", "cross_sell", "upsell", "overlap",
             "sequences", "voice"}  # fmt: skip
    assert {f"tables/{name}.json" for name in names} <= logged
    table = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/tables/drivers_rating.json")
    behaviours = {value for row in table["data"] for value in row if isinstance(value, str)}
    assert "n_orders" in behaviours
    assert not {"stated_satisfaction", "satisfaction_signs"} & behaviours  # an answer does not explain itself
    assert run.data.metrics["retention/month_1"] > 0
    assert "pyramid/rose" in run.data.metrics
    for file in client.list_artifacts(run.info.run_id, "lists"):
        if file.path.endswith(".parquet"):
            lists = mlflow.artifacts.download_artifacts(f"{run.info.artifact_uri}/{file.path}")
            assert undescribed(pd.read_parquet(lists)) == [], file.path
    note = run.data.tags["mlflow.note.content"]
    assert note.count("As of 2023-07-01.") == 1
    figures = {file.path for file in client.list_artifacts(run.info.run_id, "figures")}
    # of 600 customers no group stands out and no step of price goes with another: nothing is drawn of them
    assert {f"figures/{name}.png" for name in names - {"upsell", "voice"}} <= figures


def test_what_the_data_cannot_say_is_left_out_aloud(patronage, project, shop):
    shop.to_csv(project / "orders.csv", index=False)
    code, out, _ = patronage(
        "analyse",
        "data=tables",
        "data.transactions.path=orders.csv",
        "cutoff=2023-06-01",
        "cohorts.behaviours={rated_three: {event: rating, at_least: 3, within_days: 7}}",
    )
    assert code == 0, out
    assert "cohort rated_three: the log has no event rating" in out
    assert "companions: needs transactions.category" in out
    assert "pressure: needs events" in out


def test_an_analysis_that_is_none_is_a_usage_error(patronage):
    code, _, err = patronage("analyse", *SMALL, "only=[mood]")
    assert code == 2
    assert "only: no analysis mood; expected some of pyramid, cohorts" in err


def test_a_feature_that_is_none_cannot_be_left_out(patronage):
    code, _, err = patronage("analyse", *SMALL, "drivers.leave_out=[mood]", "drivers.surveys=[rating]")
    assert code == 2
    assert "drivers.leave_out: no feature mood" in err


def test_a_segment_that_is_none_is_a_usage_error(patronage):
    code, _, err = patronage("analyse", *SMALL, "companions.segment=mood", "drivers.surveys=[]")
    assert code == 2
    assert "companions.segment=mood; expected one of rfm_segment" in err
