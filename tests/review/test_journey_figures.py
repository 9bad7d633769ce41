"""The figures say what the tables say, and stand where there is little to show."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from patronage.models.journey import STAGES
from patronage.review import journey_figures as maps


def stages(**counts: int) -> pd.DataFrame:
    customers = pd.Series(counts).reindex(STAGES, fill_value=0)
    stays = [np.nan, np.nan, 8.0, 30.0, 20.0, 12.0, 400.0]
    frame = pd.DataFrame({"stage": STAGES, "customers": customers.to_numpy(), "shown_periods": stays})
    return frame.assign(share=frame["customers"] / max(frame["customers"].sum(), 1))


def flows(*rows: tuple[str, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["from", "to", "customers"])
    return frame.assign(share=frame["customers"] / frame.groupby("from")["customers"].transform("sum"))


def texts(figure) -> str:
    return " | ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def drawn(figure) -> bool:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return len(file.getvalue()) > 5000


def test_the_map_names_stages_shares_and_flows():
    figure = maps.journey_map(
        stages(regular=50, at_risk=30, churned=20),
        flows(
            ("regular", "regular", 60), ("regular", "at_risk", 40), ("at_risk", "churned", 9), ("at_risk", "at_risk", 1)
        ),
        period_days=7,
        periods=13,
        longest_days=365,
    )
    said = texts(figure)
    assert "regular\n50 · stay 210 days" in said
    assert "churned\n20 · stay over 365 days" in said  # 2,800 days were never seen
    assert "loyal" not in said  # nobody was there, nobody went there
    assert "40%" in said
    assert "90%" in said
    assert drawn(figure)


def test_a_stage_of_one_is_no_stage_of_none():
    figure = maps.journey_map(stages(non_user=1, regular=999), flows(), period_days=7, periods=8, longest_days=300)
    assert "<1%" in texts(figure)
    assert figure.get_figwidth() < 8  # the columns between the two are closed up


def test_the_map_stands_where_nobody_moved():
    assert drawn(maps.journey_map(stages(first_time=3), flows(), period_days=7, periods=13, longest_days=20))


@pytest.mark.parametrize("stay", [np.nan, 3.0])
def test_stuck_map(stay):
    stuck = pd.DataFrame({"regular": [10.0, stay], "churned": [np.inf, np.nan]}, ["heavy", "light"])
    figure = maps.stuck_map(stuck, period_days=7, longest_days=365, by="persona")
    said = texts(figure)
    assert said.startswith("70 | over 365 | ")  # nobody left
    assert said.endswith("–")  # nobody came
    assert drawn(figure)


def test_stage_mix_leaves_out_empty_stages():
    mix = pd.DataFrame({"before": 0.0, "predicted": 0.0, "realised": 0.0}, STAGES)
    mix.loc["regular"], mix.loc["churned"] = 0.25, 0.75
    figure = maps.stage_mix(mix, 13)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["regular", "churned"]
    assert drawn(figure)
