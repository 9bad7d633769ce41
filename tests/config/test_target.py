from __future__ import annotations

import pytest

from patronage.config.target import ChosenAct, chosen_acts
from patronage.errors import ConfigError


def test_one_or_several_or_none():
    assert chosen_acts(None) == chosen_acts([]) == ()
    assert chosen_acts("event:upgrade") == (ChosenAct("event", "upgrade"),)
    keys = [act.key for act in chosen_acts(["event:upgrade", "category:Bread & Rolls"])]
    assert keys == ["event_upgrade", "category_bread_rolls"]
    assert chosen_acts(["event:a", "event:a"]) == (ChosenAct("event", "a"),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("upgrade", r"target=upgrade; expected event:NAME, category:NAME"),
        ("event:", r"target=event:; expected"),
        ("order", r"p_order, and journey_p_order"),
        (["event:a b", "event:A-b"], r"columns of event:a b and event:A-b would have one name"),
    ],
)
def test_what_cannot_be_a_target_is_told(given, message):
    with pytest.raises(ConfigError, match=message):
        chosen_acts(given)
