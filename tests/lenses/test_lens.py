"""A lens as a value: its features under a configuration, and its state after a way through JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

import pytest

from patronage.config import LensesConfig
from patronage.lenses import Feature, Lens, rfm


@dataclass(frozen=True)
class Inner:
    border: float


@dataclass(frozen=True)
class Outer:
    inner: Inner
    names: dict[str, float]


LENS = Lens("x", "How many?", "nobody", {"a": Feature("a number")}, lambda history, config: "", state=Outer)


def test_a_state_of_states_comes_back_from_json():
    state = Outer(Inner(1.5), {"low": 0.1})
    assert LENS.restore(json.loads(json.dumps(asdict(state)))) == state


def test_a_lens_that_learns_nothing_has_no_state():
    assert replace(LENS, state=None).restore({}) is None


def test_the_configuration_may_name_further_features():
    lens = replace(LENS, more_features=lambda config: {"b": Feature("another")})
    assert list(lens.described(LensesConfig())) == ["a", "b"]
    assert list(LENS.described(LensesConfig())) == ["a"]


@pytest.mark.parametrize("attribute", ["name", "features"])
def test_a_lens_is_frozen(attribute):
    with pytest.raises(AttributeError):
        setattr(rfm.LENS, attribute, None)
