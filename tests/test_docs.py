"""Pages that are written from the code say what the code says."""

from __future__ import annotations

import importlib.util

from conftest import REPO
from patronage import lenses
from patronage.config import LensesConfig

BUILT_IN = lenses.of(LensesConfig())


def test_the_page_of_the_lenses_is_the_one_of_the_code():
    spec = importlib.util.spec_from_file_location("make_lenses", REPO / "docs" / "make_lenses.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (REPO / "docs" / "lenses.md").read_text() == module.page(), "run python docs/make_lenses.py"


def test_every_segment_has_its_labels_described():
    assert [lens.name for lens in BUILT_IN if lens.segments and not lens.labels] == []


def test_every_lens_has_a_source_and_every_feature_a_meaning():
    for lens in BUILT_IN:
        assert lens.source, lens.name
        assert all(feature.what for feature in lens.features.values()), lens.name
