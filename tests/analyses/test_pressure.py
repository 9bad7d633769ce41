"""Pressure in the planted shop: more than two messages a week, and some leave."""

from __future__ import annotations

from patronage.analyses import pressure
from patronage.analyses.beyond_chance import CHANCE, MORE
from patronage.config import PressureConfig


def test_weeks_beyond_the_cap_are_counted_and_held_against_the_same_customer(planted):
    result = pressure.run(planted, PressureConfig())
    own = result.tables["pressure_same_customer"].set_index("outcome")
    assert own["verdict"].to_dict() == {"responded": CHANCE, "unsubscribed": MORE, "ordered": CHANCE}
    assert own.loc["unsubscribed", "value"] < 0.15
    points = 100 * own.loc["unsubscribed", "value"]
    assert f"in such weeks like customers unsubscribed more often by {points:.2f} points [+" in result.finding
    low, high = own.loc["ordered", ["low", "high"]]
    assert low < 0.02 < high + 0.04  # nothing was planted on orders
    weeks = result.tables["pressure"]
    assert weeks["messages"].unique().tolist() == ["1", "2", "3 or more"]
    listed = result.lists["beyond_contact_cap"]
    assert len(listed) > 800
    assert listed["weeks_beyond_cap"].is_monotonic_decreasing  # a list is cut short from its end
    assert listed["reason"].iloc[0] == f"more than 2 messages in {listed['weeks_beyond_cap'].iloc[0]} weeks"
    assert listed["measured_lift"].isna().all()  # nobody left in a week within the cap: there is nothing to divide by
