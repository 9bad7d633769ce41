"""The reference: counts of bins that add up over parts, and survive the disk."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.reference import Reference, build_reference

RNG = np.random.default_rng(3)


def test_parts_add_up_and_the_reference_survives_the_disk(tmp_path):
    frame = pd.DataFrame({"x": RNG.normal(size=300), "band": ["low", "high", None] * 100})
    reference = build_reference(frame, {}, {})
    reference.save(tmp_path / "reference.json")
    loaded = Reference.load(tmp_path / "reference.json")
    assert loaded == reference
    after = pd.DataFrame({"x": RNG.normal(size=90), "band": ["low", "odd", None] * 30})
    halves = [loaded.count(part) for part in (after.head(31), after.tail(59))]
    for name, bins in reference.count(after).items():
        np.testing.assert_array_equal(halves[0][name] + halves[1][name], bins)


def test_a_text_of_too_many_values_is_no_category():
    assert (
        "path"
        not in build_reference(pd.DataFrame({"path": [f"..p{n}" for n in range(400)], "x": range(400)}), {}, {}).columns
    )
