"""Pages that are written from the code say what the code says."""

from __future__ import annotations

import importlib.util
import re

import pytest

import patronage as pt
from conftest import REPO
from patronage import lenses
from patronage.config import LensesConfig
from patronage.names import Metric

BUILT_IN = lenses.of(LensesConfig())


@pytest.mark.parametrize("name", ["lenses", "data"])
def test_a_generated_page_is_the_one_of_the_code(name):
    spec = importlib.util.spec_from_file_location(f"make_{name}", REPO / "docs" / f"make_{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (REPO / "docs" / f"{name}.md").read_text() == module.page(), f"run python docs/make_{name}.py"


def test_every_segment_has_its_labels_described():
    assert [lens.name for lens in BUILT_IN if lens.segments and not lens.labels] == []


def test_every_lens_has_a_source_and_every_feature_a_meaning():
    for lens in BUILT_IN:
        assert lens.source, lens.name
        assert all(feature.what for feature in lens.features.values()), lens.name


GLOSSARY = (REPO / "docs" / "glossary.md").read_text()


def test_every_metric_that_is_named_is_in_the_glossary():
    metrics = [value for name, value in vars(Metric).items() if name.isupper()]
    assert [metric for metric in metrics if f"`{metric}`" not in GLOSSARY] == []


@pytest.mark.slow
def test_every_shipped_column_is_described():
    log = pt.read(pt.example_orders())
    quick = ["personas.k=3", "personas.allow_unstable=true", "personas.bootstraps=3", "churn=btyd"]
    assignments = pt.train(log, "2024-01-01", horizon_days=90, overrides=quick).assignments
    for page in ("glossary.md", "assignments.md"):
        words = set(re.findall(r"\w+", (REPO / "docs" / page).read_text()))
        assert [name for name in assignments if name not in words] == [], page


def test_every_segment_of_a_lens_is_in_the_glossary():
    segments = [column.split("<")[0] for lens in BUILT_IN for column in lens.labels]
    assert [name for name in segments if name not in set(re.findall(r"\w+", GLOSSARY))] == []
