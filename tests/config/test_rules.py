"""The rules between keys, on both sides of their borders."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from omegaconf import OmegaConf

from patronage.config.rules import at_least, month_day, one_of, typed, within
from patronage.errors import ConfigError


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_both_ends_lie_within(value):
    within("key", value, 0, 1)


@pytest.mark.parametrize("value", [-0.001, 1.001])
def test_beyond_an_end_the_range_is_named(value):
    with pytest.raises(ConfigError, match=rf"^key={value}; expected 0 to 1$"):
        within("key", value, 0, 1)


def test_a_choice_is_named_with_the_others():
    one_of("key", "a", ("a", "b"))
    with pytest.raises(ConfigError, match=r"^key=c; expected one of a, b$"):
        one_of("key", "c", ("a", "b"))


def test_the_least_value_is_allowed():
    at_least("costs", {"ticket": 0.0}, 0)
    with pytest.raises(ConfigError, match=r"^costs.ticket=-0.1; expected at least 0$"):
        at_least("costs", {"ticket": -0.1}, 0)


@pytest.mark.parametrize("day", ["01-01", "12-31"])
def test_a_day_of_the_year(day):
    month_day("key", day)


@pytest.mark.parametrize("day", ["00-01", "13-01", "01-00", "01-32", "1-1", "0101", "Oct"])
def test_no_day_of_the_year(day):
    with pytest.raises(ConfigError, match="is not a day of the year; expected MM-DD"):
        month_day("key", day)


@dataclass
class Inner:
    weights: dict[str, float] = field(default_factory=lambda: {"a": 1.0, "b": 2.0})


@dataclass
class Outer:
    inner: Inner = field(default_factory=Inner)
    size: int = 3


def test_a_table_that_is_given_takes_the_place_of_the_default():
    assert typed(Outer, OmegaConf.create({})).inner.weights == {"a": 1.0, "b": 2.0}
    assert typed(Outer, OmegaConf.create({"inner": {"weights": {"c": 3.0}}})).inner.weights == {"c": 3.0}
    assert typed(Outer, OmegaConf.create({"inner": {"weights": {}}})).inner.weights == {}


def test_an_unknown_key_is_refused():
    with pytest.raises(ConfigError, match="sizes"):
        typed(Outer, OmegaConf.create({"sizes": 4}))


@dataclass
class Costs:
    weight: float = 1.0
    costs: dict[str, float] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("given", "key"), [({"weight": float("nan")}, "weight"), ({"costs": {"ticket": float("inf")}}, "costs.ticket")]
)
def test_what_is_no_finite_number_is_refused_wherever_it_stands(given, key):
    with pytest.raises(ConfigError, match=rf"^{key}=(nan|inf); expected a finite number$"):
        typed(Costs, OmegaConf.create(given))


@dataclass
class Named:
    place: Place = field(default_factory=lambda: Place())
    name: str | None = None


@dataclass
class Place:
    path: str = "???"
    unit: str = ""
    where: str | None = None


@pytest.mark.parametrize(
    ("given", "key"), [({"place": {"path": ""}}, "place.path"), ({"place": {"path": "a"}, "name": "  "}, "name")]
)
def test_a_text_of_nothing_is_named(given, key):
    with pytest.raises(ConfigError, match=f"^{key}= is empty; give a value, or leave the key out$"):
        typed(Named, OmegaConf.create(given))


def test_nothing_may_be_what_a_key_has_by_default_and_a_condition():
    place = {"path": "a", "unit": "", "where": ""}
    assert typed(Named, OmegaConf.create({"place": place})).place == Place(**place)
