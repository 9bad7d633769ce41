"""The history of a log's model: totals beside what came, shares by cutoff, nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

from patronage import names as c
from patronage.review.page.blocks import Chart, Table
from patronage.review.past_run import PastRun
from patronage.review.run_page.over_time import over_time

NOBODY = "no order yet"
SPRING = PastRun(
    version="1",
    cutoff="2023-04-01",
    horizon_days=90,
    state="champion",
    customers=300,
    expected_orders=200.0,
    expected_revenue=4000.0,
    stages={"loyal": 0.25, "churned": 0.75},
    personas={"heavy": 1.0},
    actual_orders=220.0,
    actual_revenue=3900.0,
)


def test_the_first_model_has_no_history(view):
    assert over_time(view, []).blocks in ((), [])


def test_what_was_expected_stands_beside_what_came(view):
    section = over_time(replace(view, measurement=None), [SPRING])
    assert (
        section.finding
        == "The model as of 2023-04-01 expected 200 orders in 90 days; 220 came (predicted 9.1% too few)."
    )
    table = next(block for block in section.blocks if isinstance(block, Table)).frame
    assert table["as of"].tolist() == ["2023-04-01", "2023-07-01"]
    assert table["state"].tolist() == ["champion", "this run"]
    assert table["orders actual"].fillna(-1).tolist() == [220.0, -1.0]
    assert "largest PSI" not in table  # nothing was scored


def test_a_horizon_that_is_not_over_is_no_miss(view):
    running = replace(SPRING, actual_orders=float("nan"), actual_revenue=float("nan"), psi=0.3)
    section = over_time(replace(view, measurement=None), [running])
    assert section.finding == "2 models of this log; the horizon of none of them is over yet."
    assert next(block for block in section.blocks if isinstance(block, Table)).frame["largest PSI"].iloc[0] == 0.3


def test_the_last_version_of_a_day_gives_its_shares(view):
    again = replace(SPRING, version="2", stages={"loyal": 0.5, "churned": 0.5})
    chart = over_time(view, [again, SPRING]).blocks[-2]
    shown = {(row["as of"], row["label"]): row["share"] for row in chart.spec["data"]["values"]}
    assert shown["2023-04-01", "loyal"] == 0.5
    assert ("2023-07-01", "regular") in shown


def test_a_figure_over_time_names_what_changed_most_in_words(view):
    before = replace(SPRING, stages={"at_risk": 1.0})
    charts = [block for block in over_time(view, [before]).blocks if isinstance(block, Chart)]
    assert charts[-2].title.startswith("By journey stage, at risk changed most: from 100% to ")
    assert "at_risk" not in {row["label"] for row in charts[-2].spec["data"]["values"]}
    assert "no order yet" not in {row["label"] for row in charts[-1].spec["data"]["values"]}


def test_labels_stand_in_the_order_of_the_rest_of_the_page(view):
    gone = dict.fromkeys([*reversed(view.personas), "heavy"], 0.2)
    section = over_time(view, [replace(SPRING, stages={"churned": 0.7, "regular": 0.3}, personas=gone)])
    stages, personas = (block.spec["encoding"]["color"] for block in section.blocks[-2:])
    shown = [stage for stage in stages["sort"] if stage in ("regular", "churned")]
    assert shown == ["regular", "churned"]
    ordered = [name for name in view.personas if name != NOBODY]
    assert [name for name in personas["sort"] if name != NOBODY] == [*ordered, "heavy"]
    assert len(set(stages["scale"]["range"])) == len(stages["scale"]["range"])
    assert "#000000" not in stages["scale"]["range"]  # unseen where the page is dark


def test_predicted_totals_are_drawn_beside_the_actual_ones(view):
    later = replace(SPRING, version="2", cutoff="2023-05-01", expected_orders=300.0, actual_orders=250.0)
    section = over_time(replace(view, measurement=None), [SPRING, later])
    orders, revenue, *_ = (block for block in section.blocks if isinstance(block, Chart))
    assert orders.title == "Over 2 horizons, the predicted total of orders was off by 20% of the actual one at most"
    assert revenue.spec["encoding"]["x"]["title"] == "revenue in the horizon, USD"
    bars = {(row["as of"], row["of"]): row["orders"] for row in orders.spec["data"]["values"]}
    assert bars["2023-05-01, 90 days", "actual"] == 250
    assert ("2023-07-01, 90 days", "actual") not in bars  # of the run itself nothing came yet
    assert "n = 300 to " in orders.description


def test_a_run_that_was_measured_after_its_own_cutoff_has_actual_totals(view):
    section = over_time(view, [SPRING])
    actual = view.measurement.holdout.evaluated.labels["orders"].sum()
    table = next(block for block in section.blocks if isinstance(block, Table)).frame
    assert table["orders actual"].tolist() == [220.0, actual]
    assert section.finding.startswith("The model as of 2023-07-01 expected ")


def test_the_actual_totals_are_of_the_buyers_of_whom_they_are_expected(view):
    """First orders of those who had none were counted among what came, and nobody had expected them."""
    evaluated = view.measurement.holdout.evaluated
    contact = evaluated.labels[c.ORDERS].idxmax()  # as if the customer had been a contact at the cutoff
    features = evaluated.features.copy()
    features.loc[contact, c.N_ORDERS] = 0
    holdout = replace(view.measurement.holdout, evaluated=replace(evaluated, features=features))
    counted = replace(view, measurement=replace(view.measurement, holdout=holdout))
    table = next(block for block in over_time(counted, [SPRING]).blocks if isinstance(block, Table)).frame
    expected = evaluated.labels[c.ORDERS].drop(contact).sum()
    assert table["orders actual"].tolist() == [220.0, expected]


def test_personas_that_are_carried_on_keep_one_line_by_whatever_name(view):
    origin = {"mlflow.patronage.personas_former": "carried on from the champion, version 2: 1 new"}
    here = replace(view, report=replace(view.report, tags=origin))
    name = view.personas[-1]
    number = int(view.assignments.loc[view.assignments["persona"] == name, "persona_id"].iloc[0])
    old = replace(SPRING, personas={"other": 1.0}, persona_ids={"other": number})  # of another chain
    past = [old, *(
        replace(SPRING, version=version, cutoff=f"2023-05-0{version}", personas={f"name {version}": 0.5},
                persona_ids={f"name {version}": number}, carried_from=before)
        for version, before in (("2", "3"), ("3", ""))
    )]  # fmt: skip
    shown = {(row["as of"], row["label"]) for row in over_time(here, past).blocks[-1].spec["data"]["values"]}
    assert {("2023-05-02", name), ("2023-05-03", name), ("2023-04-01", "other")} <= shown
    assert not {label for _, label in shown} & {"name 2", "name 3"}
