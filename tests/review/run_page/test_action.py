"""What the page says about next actions, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from patronage.models.effects.policy import EffectCurve
from patronage.review.run_page.action import _learned_curves, _next_actions

ROWS = pd.DataFrame(
    [
        ("persona", "lapsed", "win_back", 10, 1, 30.0, 5.0),
        ("persona", "active", "upgrade", 4, 0, 12.0, 2.0),
        ("persona", "active", "win_back", 2, 0, 4.0, 1.0),
        ("persona", "active", "leave_alone", 50, 0, 0.0, 0.0),
        ("journey_stage", "loyal", "upgrade", 4, 0, 12.0, 2.0),
    ],
    columns=["labels", "label", "action", "customers", "holdout", "expected_profit", "expected_cost"],
)


def blocks(table: pd.DataFrame | None) -> list:
    chosen = pd.DataFrame(
        [("upgrade", "assumed"), ("win_back", "learned"), ("leave_alone", "assumed")], columns=["action", "basis"]
    )
    report = SimpleNamespace(frames={"actions.parquet": chosen})
    money = {"money": lambda value: f"{value:.2f} EUR", "in_currency": lambda text: f"{text}, EUR"}
    return _next_actions(SimpleNamespace(table=lambda name: table, report=report, **money))


def test_the_actions_of_all_personas_are_added_and_each_persona_has_its_rows():
    told, chart, table = blocks(ROWS)
    assert told.text.endswith("Learned from contacts by lot: win back; assumed: upgrade.")
    assert chart.title == "Of the catalogue, win back brings the most: 34.00 EUR"
    assert chart.spec["layer"][0]["encoding"]["x"]["title"] == "expected profit, EUR"
    assert [row["expected_profit"] for row in chart.spec["data"]["values"]] == [34, 12]
    assert "16 customers" in chart.description
    assert table.frame["persona"].tolist() == ["lapsed", "active", "active"]
    assert table.frame["action"].tolist() == ["win back", "upgrade", "win back"]


@pytest.mark.parametrize(("table", "n"), [(None, 0), (ROWS[ROWS["action"] == "leave_alone"], 0)])
def test_without_a_catalogue_there_is_nothing_and_without_a_gain_neither(table, n):
    assert len(blocks(table)) == n


def test_what_a_learned_arm_promised_stands_beside_what_came_with_its_interval():
    curve = EffectCurve((0.0, 0.5, 1.0), (0.0, 3.0, 2.0), (0.0, 2.0, 2.5), (0.0, 0.5, 1.0), 3000)
    effects = SimpleNamespace(arms=("control", "mail"), curves=(curve,))
    view = SimpleNamespace(
        bundle=SimpleNamespace(effects=effects),
        money=lambda value: f"{value:,.0f} EUR",
        in_currency=lambda text: f"{text}, EUR",
    )
    (chart,) = _learned_curves(view, "mail", 1.0)
    assert chart.title == (
        "mail: at the best share 2,500 EUR per 1,000 customers were promised, and 1,500 EUR [1,000, 2,000] came"
    )
    assert chart.description.startswith("3,000 customers of the lot")
    rows = {(row["share"], row["of"]): row for row in chart.spec["data"]["values"]}
    came = rows[0.5, "realised by the lot"]
    assert (came["low"], came["profit"], came["high"]) == (1000, 1500, 2000)
    assert rows[0.5, "promised"]["low"] == rows[0.5, "promised"]["high"] == 2500
    assert [layer["encoding"]["x"]["axis"]["format"] for layer in chart.spec["layer"]] == ["%", "%"]
