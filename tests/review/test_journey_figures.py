"""The figures say what the tables say, and stand where there is little to show."""

from __future__ import annotations

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


def title(figure) -> str:
    return figure.axes[0].get_title(loc="left")


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
    shown = texts(figure)
    assert "regular\n50 · stay 210 days" in shown
    assert "churned\n20 · stay over 365 days" in shown  # 2,800 days are longer than any history
    assert "loyal" not in shown  # no customer was there or went there
    assert "40%" in shown
    assert "90%" in shown
    assert figure.get_suptitle() == "45% of the customers changed their stage in 91 days"  # 49 of 110


def test_a_stage_of_one_is_no_stage_of_none():
    figure = maps.journey_map(stages(non_user=1, regular=999), flows(), period_days=7, periods=8, longest_days=300)
    assert "0.1%" in texts(figure)
    assert figure.get_figwidth() < 8  # the columns between the two are closed up


def test_the_area_of_small_circles_is_their_share_too():
    figure = maps.journey_map(
        stages(first_time=40, regular=1000, at_risk=160), flows(), period_days=7, periods=8, longest_days=300
    )
    radii = [patch.radius for patch in figure.axes[0].patches]
    assert radii == pytest.approx([0.62 * np.sqrt(part) for part in (0.04, 1.0, 0.16)])
    shown = texts(figure)
    assert "first time\n3.3% · 40 · stay" in shown  # where there is no room inside
    assert "at risk\n160 · stay" in shown


def test_the_map_can_be_drawn_where_no_customer_moved():
    figure = maps.journey_map(stages(first_time=3), flows(), period_days=7, periods=13, longest_days=20)
    assert figure.get_suptitle() == "No customer has a history to move in"


@pytest.mark.parametrize("stay", [np.nan, 3.0])
def test_stuck_map(stay):
    stuck = pd.DataFrame({"regular": [10.0, stay], "churned": [np.inf, np.nan]}, ["heavy", "light"])
    figure = maps.stuck_map(stuck, period_days=7, longest_days=365, by="persona", customers=1234)
    shown = texts(figure)
    assert shown.startswith("70 | over 365 | ")  # no customer left
    assert shown.endswith("–")  # no customer was there
    assert "1,234 customers" in figure.axes[0].get_xlabel()


def test_stage_mix_leaves_out_empty_stages():
    mix = pd.DataFrame({"before": 0.0, "predicted": 0.0, "realised": 0.0}, STAGES)
    mix.loc["regular"], mix.loc["churned"] = 0.25, 0.75
    figure = maps.stage_mix(mix, 13, 7, 1234)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["regular", "churned"]
    assert "1,234 customers" in figure.axes[0].get_xlabel()


def test_the_title_of_the_mix_is_the_share_of_wrong_stages():
    mix = pd.DataFrame({"before": 0.5, "predicted": [0.7, 0.3], "realised": [0.6, 0.4]}, ["regular", "churned"])
    figure = maps.stage_mix(mix, 13, 7, 1234)
    assert title(figure) == "10% of the customers are in another stage than predicted 91 days before"


def test_the_title_of_the_stays_names_the_longest_active_one():
    stuck = pd.DataFrame({"regular": [10.0, 4.0], "churned": [99.0, 99.0]}, ["heavy", "light"])
    figure = maps.stuck_map(stuck, period_days=7, longest_days=365, by="persona", customers=1234)
    assert title(figure) == "The longest stay is 70 days in regular: heavy"


def test_a_stay_beyond_the_log_is_no_number_of_days_in_the_title():
    stuck = pd.DataFrame({"regular": [90.0, 4.0]}, ["heavy", "light"])
    figure = maps.stuck_map(stuck, period_days=7, longest_days=365, by="persona", customers=9)
    assert title(figure) == "The longest stay is over 365 days in regular: heavy"
