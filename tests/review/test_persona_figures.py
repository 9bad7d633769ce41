"""Figures of the personas name what sets one apart, and whether the number is stable."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.review import persona_figures as figures


def test_the_largest_distance_is_in_the_title():
    profile = pd.DataFrame({"orders": [0.5, -1.8], "value": [1.1, 0.2]}, ["0: busy", "1: quiet"])
    figure = figures.persona_profile(profile)
    assert figure.axes[0].get_title(loc="left") == "quiet is set apart most, by orders (-1.8 sd)"
    assert [text.get_text() for text in figure.axes[0].texts] == ["+0.5", "+1.1", "-1.8", "+0.2"]


def test_the_taken_number_and_the_best_one_are_in_the_titles():
    grid = pd.DataFrame(
        {
            "k": [3, 4], "ari": [0.9, 0.7], "ari_error": [0.01, 0.02], "jaccard": [0.8, 0.6],
            "silhouette": [0.2, 0.3], "bic": [float("nan")] * 2, "against": ["", "bootstrap ARI 0.70"],
            "taken": [True, False], "tells": [float("nan")] * 2, "tells_error": [float("nan")] * 2,
            "tells_goods": [float("nan")] * 2, "tells_goods_error": [float("nan")] * 2,
        }
    )  # fmt: skip
    titles = [axes.get_title(loc="left") for axes in figures.persona_choice(grid, 0.85, 0.75).axes]
    assert titles == ["3 personas are stable when refitted", "4 personas have the best silhouette"]


@pytest.mark.parametrize(
    ("tells", "goods", "title"),
    [
        ([0.2, 0.205], [0.03, 0.04], "3 tell 20% of how much, 3% of which goods"),
        ([0.2, 0.205], [float("nan")] * 2, "3 tell 20% of how much"),
        ([-0.004, 0.0], [0.03, 0.04], "3 tell 0% of how much, 3% of which goods"),
    ],
)
def test_what_the_taken_number_tells_is_in_the_title(tells, goods, title):
    grid = pd.DataFrame(
        {
            "k": [3, 4], "ari": [0.9, 0.7], "ari_error": [0.01, 0.02], "jaccard": [0.8, 0.6],
            "silhouette": [0.2, 0.3], "bic": [float("nan")] * 2, "against": ["", "bootstrap ARI 0.70"],
            "taken": [True, False], "tells": tells, "tells_error": [0.01, 0.01], "tells_goods": goods,
            "tells_goods_error": [0.002, 0.002],
        }
    )  # fmt: skip
    right = figures.persona_choice(grid, 0.85, 0.75).axes[1]
    assert right.get_title(loc="left") == title
    drawn = {bars.get_label(): list(bars.lines[0].get_ydata()) for bars in right.containers}
    assert drawn == {"how much": tells} | ({} if title.endswith("much") else {"which goods": goods})
    assert all(len(bars.lines[2]) for bars in right.containers), "bars of the standard error"


def test_shares_are_drawn_from_nought_on():
    grid = pd.DataFrame(
        {
            "k": [3, 4], "ari": [0.9, 0.7], "ari_error": [0.01, 0.02], "jaccard": [0.8, 0.6],
            "silhouette": [0.2, 0.3], "bic": [float("nan")] * 2, "against": ["", ""], "taken": [True, False],
            "tells": [0.155, 0.163], "tells_error": [0.006, 0.006], "tells_goods": [float("nan")] * 2,
            "tells_goods_error": [float("nan")] * 2,
        }
    )  # fmt: skip
    assert figures.persona_choice(grid, 0.85, 0.75).axes[1].get_ylim()[0] == 0
