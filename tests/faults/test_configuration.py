"""Whatever stands on a command line is taken, or refused as a matter of configuration: never a defect."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache

import pytest
from hydra.errors import HydraException
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from patronage.errors import ConfigError
from patronage.jobs.compose import composed, settings

TABLES = ("data=tables", "data.transactions.path=x.csv")
GIVEN = {
    "train": (*TABLES, "cutoff=1998-01-01"),
    "score": (*TABLES, "cutoff=1998-01-01", "model=models:/x/1", "output=y.parquet"),
    "analyse": (*TABLES, "cutoff=1998-01-01"),
    "check": TABLES,
    "effect": ("path=x.csv",),
    "simulate": ("output=x",),
    "compare": ("baseline=x", "candidate=y"),
    "promote": ("run=x",),
}
VALUES = (
    "", "null", "true", "-1", "0", "1e308", "1e-300", "nan", "-inf", "[]", "{}", "[1,2]", "[[1]]", "{a: 1}", "???",
    "{a: {b: 1}}", "'x y'", "2020-13-45", "9" * 30, "é", "[null]", "{1: 2}", "'${oops}'", "0x10", "'%s'", "{'': 1}",
    "[nan]", "{a: null}", "{a: nan}", "=", "a=b", "'unclosed",
)  # fmt: skip


@cache
def keys(verb: str) -> list[str]:
    """Every key of a verb, groups and tables included."""
    return list(_below(composed(verb, GIVEN[verb])))


def _below(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in node:
        yield f"{prefix}{key}"
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_missing():
            yield from _below(child, f"{prefix}{key}.")


@pytest.mark.slow
@tried(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_overridden_composes_or_is_refused(data):
    verb = data.draw(st.sampled_from(sorted(GIVEN)))
    override = f"{data.draw(st.sampled_from(keys(verb)))}={data.draw(st.sampled_from(VALUES) | st.text(max_size=6))}"
    with contextlib.suppress(ConfigError, HydraException, OmegaConfBaseException):  # which the command tells in a line
        settings(verb, [*GIVEN[verb], override])


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("train", "-m", "data=cdnow", "seed=1,2", "cutoff=1998-01-01", "--cfg", "job"),
        ("train", "data=cdnow", "clv=nan"),
        ("train", "data=cdnow", "seed=1,"),
        ("train", "data=[]"),
        ("train", "engine=[[1]]"),
        ("train", "engine=[null]"),
        ("train", "data=cdnow", "cutoff=1998-01-01", "lenses.occasion.calendars.SA=x"),
        ("train", "data=cdnow", "cutoff=1998-01-01", "lenses.occasion.weekend=[[1]]"),
        ("train", "data=cdnow", "hydra.run.dir=null"),
        ("train", "data=cdnow", "--config-name", "nowhere"),
        ("train", "data=cdnow", "cutoff=1998-01-01", "lenses.needs.events={search: nan}"),
        ("score", "model="),
    ],
)
def test_the_command_tells_it_in_a_line(patronage, words):
    code, out, err = patronage(*words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "defect" not in err
