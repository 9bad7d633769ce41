"""What need not be converted is the same as if OmegaConf had converted it; the rest is left to OmegaConf."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from omegaconf import OmegaConf

from patronage.config.rules import typed
from patronage.config.typed_values import exact
from patronage.errors import ConfigError
from patronage.jobs.compose import SCHEMAS, composed


@dataclass
class Inner:
    share: float = 0.5
    tiers: dict[str, float] = field(default_factory=lambda: {"gold": 1.0})


@dataclass
class Outer:
    count: int = 1
    name: str | None = None
    either: int | str = "auto"
    inner: Inner = field(default_factory=Inner)
    maybe: Inner | None = None
    many: list[str] = field(default_factory=list)
    windows: dict[str, Inner] = field(default_factory=dict)
    free: Any = None
    flag: bool = True


def given(**changed: Any) -> dict[str, Any]:
    inner = {"share": 0.25, "tiers": {"silver": 1.0}}
    whole = {
        "count": 2, "name": "a", "either": 3, "inner": inner, "maybe": None, "many": ["x"],
        "windows": {"carnival": inner}, "free": {"any": [1, "b"]}, "flag": False,
    }  # fmt: skip
    return {**whole, **changed}


def test_each_value_is_taken_over():
    inner = Inner(0.25, {"silver": 1.0})
    expected = Outer(2, "a", 3, inner, None, ["x"], {"carnival": inner}, {"any": [1, "b"]}, False)
    assert exact(Outer, given()) == expected == typed(Outer, OmegaConf.create(given()))


@dataclass
class Needed:
    path: str = "???"
    low: Inner = field(default_factory=lambda: Inner(share=0.1))
    count: int = 1


@pytest.mark.parametrize("left_out", [["count"], ["inner", "windows"], list(given())])
def test_what_is_left_out_has_its_default(left_out):
    some = {key: value for key, value in given(inner={"tiers": {}}).items() if key not in left_out}
    expected = Outer(**{**vars(Outer()), **some})
    expected.inner = Inner(0.5, {}) if "inner" in some else Inner()
    expected.windows = {"carnival": Inner(0.25, {"silver": 1.0})} if "windows" in some else {}
    assert exact(Outer, some) == expected


@pytest.mark.parametrize("low", [{}, {"tiers": {}}, {"share": 0.2, "tiers": {"silver": 1}}])
def test_the_default_of_a_key_is_not_the_one_of_its_class(low):
    some = {"path": "a", "low": low}
    settings = exact(Needed, some)
    assert settings == Needed("a", Inner(low.get("share", 0.1), low.get("tiers", {"gold": 1.0})))
    assert settings == typed(Needed, OmegaConf.create(some))


@pytest.mark.parametrize("some", [{}, {"count": 2}, {"path": "???"}, {"path": "a", "low": {"share": "${count}"}}])
def test_what_must_be_given_is_left_to_omegaconf(some):
    assert exact(Needed, some) is None


def test_a_whole_number_for_a_float_becomes_one():
    settings = exact(Inner, {"share": 1, "tiers": {"gold": 2}})
    assert settings == Inner(1.0, {"gold": 2.0})
    assert [type(settings.share), type(settings.tiers["gold"])] == [float, float]


@pytest.mark.parametrize(
    ("changed", "converted"),
    [
        ({"count": "7"}, 7),
        ({"name": 7}, "7"),
        ({"flag": "yes"}, True),
        ({"count": "???"}, 1),  # the default
    ],
)
def test_what_can_be_converted_is_converted_by_omegaconf(changed, converted):
    assert exact(Outer, given(**changed)) is None
    (key,) = changed
    assert getattr(typed(Outer, OmegaConf.create(given(**changed))), key) == converted


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"count": 1.5}, "1.5"),
        ({"count": None}, "not Optional|not optional|None"),
        ({"inner": {"share": 0.5, "tiers": {}, "typo": 1}}, "typo"),
        ({"inner": {"share": float("inf"), "tiers": {}}}, "inner.share=inf; expected a finite number"),
        ({"free": {"a": [float("nan")]}}, "free.a.0=nan; expected a finite number"),
        ({"many": [["x"]]}, r"many\[0\]=\['x'\]; expected a single value, not a list or a table"),
        ({"many": ["x", {"a": 1}]}, r"many\[1\]=\{'a': 1\}; expected a single value"),
        ({"inner": None}, "inner"),
        ({"many": "x"}, "not a ListConfig"),
        ({"windows": {"carnival": {"share": "half", "tiers": {}}}}, "half"),
        ({"typo": 1}, "typo"),
    ],
)
def test_what_is_wrong_is_named_by_omegaconf(changed, message):
    assert exact(Outer, given(**changed)) is None
    with pytest.raises(ConfigError, match=message):
        typed(Outer, OmegaConf.create(given(**changed)))


def test_nothing_of_the_given_is_shared():
    whole = given()
    settings = exact(Outer, whole)
    whole["many"].append("y")
    whole["free"]["any"].append("c")
    assert (settings.many, settings.free) == (["x"], {"any": [1, "b"]})


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["train", "score", "analyse", "search"])
def test_what_hydra_composes_needs_no_conversion(verb):
    words = {
        "train": ["cutoff=1998-01-01", "data=complete_journey"],
        "score": ["cutoff=1998-01-01", "data=cdnow", "model=models:/x/1", "output=y.parquet"],
        "analyse": ["cutoff=1998-01-01", "data=cdnow"],
        "search": ["cutoff=1998-01-01", "rolling.first=1998-01-01", "rolling.last=1998-01-01", "data=simulated"],
    }
    plain = OmegaConf.to_container(composed(verb, words[verb]), resolve=True)
    converted = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(SCHEMAS[verb]), plain))
    assert exact(SCHEMAS[verb], plain) == converted
