"""Pictures of one run."""

from __future__ import annotations

import io

import numpy as np

from patronage.review import figures


def test_a_picture_is_what_matplotlib_saves_to_the_byte():
    said = np.linspace(0.05, 0.95, 200)
    happened = (np.arange(200) % 7 < 7 * said).astype(float)
    baselines = {"rate": np.full(200, 0.5)}
    one, other = (figures.calibration(happened, said, baselines, "churn") for _ in range(2))
    saved = io.BytesIO()
    one.savefig(saved, format="png", dpi=120)
    assert figures.png(other, 120) == saved.getvalue()
