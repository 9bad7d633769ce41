"""Figures of one run draw what the data hold, and say it in their titles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from patronage.review import figures


def title(figure) -> str:
    return " ".join(figure.axes[0].get_title(loc="left").split())


def test_calibration_shows_actual_against_predicted():
    y_true, y_pred = np.array([0.0, 1.0] * 50), np.repeat([0.2, 0.9], 50)
    figure = figures.calibration(y_true, y_pred, {"rate": np.full(100, 0.5)}, "churn in 90 days")
    axes = figure.axes[0]
    model = next(line for line in axes.lines if line.get_label() == "model")
    assert model.get_xdata().tolist() == pytest.approx([20, 90])
    assert model.get_ydata().tolist() == pytest.approx([50, 50])
    assert title(figure) == "Predicted churn in 90 days is off by 35.0 points on average"
    assert axes.get_xlabel() == "predicted, % of customers; n = 100"
    assert axes.get_ylabel() == "actual, % of customers"


def test_the_top_tenth_by_prediction_stands_first():
    predicted = pd.Series(np.arange(20.0))
    figure = figures.value_by_decile(predicted, predicted * 2, 90)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights[0] == 37  # actual, of the two customers with the highest prediction
    assert heights[10] == 18.5
    assert title(figure) == "The top tenth by predicted spend brings 19% of the actual spend"


def test_without_any_spend_the_title_says_so():
    figure = figures.value_by_decile(pd.Series(np.arange(20.0)), pd.Series(np.zeros(20)), 90)
    assert title(figure) == "There was no spend in the horizon"


def test_the_grid_counts_the_scores():
    figure = figures.rfm_grid(pd.Series(["554", "541", "111", "111", "unknown"]))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[4] == "1"  # recency 5, frequency 5: the first row, last column
    assert texts[-5] == "2"
    assert title(figure) == "50% of the customers score 4 or 5 in recency and frequency"


def test_stages_are_counted_in_their_order():
    figure = figures.stage_counts(pd.Series(["loyal", "at_risk", "at_risk"]), ("loyal", "regular", "at_risk"))
    assert [bar.get_height() for bar in figure.axes[0].patches] == [1, 0, 2]
    assert title(figure) == "The largest journey stage is at risk: 67% of the customers"


@pytest.mark.parametrize("dpi", [50, 100])
def test_a_png_has_the_size_of_its_figure(dpi):
    figure, _ = figures.blank("a title", 4, 3)
    header = figures.png(figure, dpi)
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(header[16:20]), int.from_bytes(header[20:24])) == (4 * dpi, 3 * dpi)


def test_a_long_title_is_wrapped_and_the_page_has_it_as_a_heading():
    figure, axes = figures.blank("Nine of ten customers of this shop order again, and the others do not come back", 4.8)
    axes.plot([0, 1], [0, 1])
    shown = axes.get_title(loc="left")
    assert "\n" in shown
    heading, picture = figures.titled(figure, 60)
    assert heading == "Nine of ten customers of this shop order again, and the others do not come back"
    assert axes.get_title(loc="left") == shown  # the figure that MLflow shows keeps its title
    assert picture != figures.png(figure, 60)


def test_the_title_above_several_panels_is_the_heading_and_theirs_stay():
    figure = Figure()
    for place in (1, 2):
        figures.set_title(figure.add_subplot(1, 2, place), f"panel {place}")
    assert figures.titled(figure, 40)[0] == ""
    figure.suptitle("Both panels rise")
    assert figures.titled(figure, 40)[0] == "Both panels rise"


def test_the_axes_of_a_calibration_are_as_small_as_the_base_rate():
    rng = np.random.default_rng(0)
    y_pred = rng.uniform(0.01, 0.09, 20_000)
    y_true = (rng.random(len(y_pred)) < y_pred).astype(float)
    axes = figures.calibration(y_true, y_pred, {}, "churn in 90 days").axes[0]
    assert max(axes.get_xlim()[1], axes.get_ylim()[1]) < 12
