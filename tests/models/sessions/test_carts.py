"""Abandoned carts by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from patronage.models.sessions import HALF_AN_HOUR, cart_moments, open_carts, read_clickstream, session_table

CUTOFF = datetime(2024, 3, 1)


def test_a_cart_has_a_moment_a_day_until_its_customer_orders(clickstream, sessions):
    features, keys = cart_moments(clickstream, sessions, recent_days=7, return_days=1)
    # anna's is open for two days before the cutoff, ben's until his order 48 hours later
    assert clickstream.customers[keys["customer"]].tolist() == ["anna"] * 2 + ["ben"] * 2
    assert features["cart_age_days"].tolist() == pytest.approx([1 / 48, 1 + 1 / 48, 31 / 1440, 1 + 31 / 1440])
    assert keys["returned"].iloc[[0, 2, 3]].tolist() == [0, 0, 1]
    assert np.isnan(keys["returned"].iloc[1])  # the day has not passed at the cutoff


def test_the_carts_that_are_open_at_the_cutoff(tables):
    recent = read_clickstream(tables, CUTOFF, carts_of_days=7)
    features, keys = open_carts(recent, session_table(recent), 7)
    assert recent.customers[keys["customer"]].tolist() == ["anna"]
    assert features["n_orders"].tolist() == [1]
    assert features["recent_sessions"].tolist() == [3]


@pytest.mark.parametrize(("seconds", "n"), [(HALF_AN_HOUR, 1), (HALF_AN_HOUR - 1, 0)])
def test_a_cart_is_open_half_an_hour_after_its_session(clickstream, seconds, n):
    """Move all moments so that anna's last session ends so many seconds before the cutoff."""
    last = clickstream.touchpoints["at"].max()
    moved, orders = (
        rows.assign(at=rows["at"] - last - seconds) for rows in (clickstream.touchpoints, clickstream.orders)
    )
    shifted = replace(clickstream, touchpoints=moved, orders=orders)
    assert len(open_carts(shifted, session_table(shifted), 7)[0]) == n
