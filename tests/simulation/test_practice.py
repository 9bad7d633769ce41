"""What is planted for the analyses: its acts occur at strength 0, its consequences at strength 1 alone."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage import names as c
from patronage.data.simulated import simulate
from patronage.errors import ConfigError
from patronage.simulation.practice import BAD_CATEGORY, BAD_REGION, BANNER, FAILED, FIRST, READ, THEN, TOUR
from patronage.simulation.settings import PLANTS


@pytest.fixture(scope="module")
def plain():
    return simulate(1024, 0)


@pytest.fixture(scope="module")
def without_effect():
    return simulate(1024, 0, planted=dict.fromkeys(PLANTS, 0.0))


@pytest.fixture(scope="module")
def planted():
    return simulate(1024, 0, planted=dict.fromkeys(PLANTS, 1.0))


def customers_with(log, event: str) -> set[str]:
    return set(log.events.loc[log.events[c.EVENT] == event, c.CUSTOMER_ID])


@pytest.mark.slow
def test_without_strength_the_acts_occur_and_nothing_follows(plain, without_effect):
    pd.testing.assert_frame_equal(plain.transactions, without_effect.transactions)
    assert {TOUR, BANNER, FAILED, READ} <= set(without_effect.events[c.EVENT])
    assert not {TOUR, BANNER, FAILED, READ} & set(plain.events[c.EVENT])
    assert customers_with(plain, "unsubscribed") == customers_with(without_effect, "unsubscribed")


def test_the_tour_makes_customers_order_more_and_the_banner_goes_along(without_effect, planted):
    toured = customers_with(planted, TOUR)
    assert toured == customers_with(without_effect, TOUR)
    orders = [
        log.transactions[log.transactions[c.CUSTOMER_ID].isin(toured)][c.ORDER_ID].nunique()
        for log in (without_effect, planted)
    ]
    assert orders[1] > 1.5 * orders[0]
    banner = customers_with(planted, BANNER)
    assert len(banner & toured) > 0.6 * len(toured)


def test_failed_payments_lose_orders_and_leave_their_checkouts(planted):
    checkouts, failed = (planted.events[planted.events[c.EVENT] == event] for event in ("checkout_started", FAILED))
    assert len(failed) == pytest.approx(0.2 * len(checkouts), rel=0.1)
    paid = planted.transactions.drop_duplicates([c.CUSTOMER_ID, c.ORDERED_AT]).set_index([c.CUSTOMER_ID, c.ORDERED_AT])

    def ordered(events: pd.DataFrame, seconds: int) -> float:
        at = events[c.OCCURRED_AT] + pd.Timedelta(seconds=seconds)
        return float(pd.MultiIndex.from_arrays([events[c.CUSTOMER_ID], at]).isin(paid.index).mean())

    assert ordered(failed, 20) < 0.4 * ordered(checkouts, 40)


def test_one_category_is_sent_back_in_one_region(without_effect, planted):
    def share(log, category: str) -> pd.Series:
        lines = log.transactions[log.transactions[c.CATEGORY] == category]
        return (lines[c.AMOUNT] < 0).groupby(lines[c.LOCATION]).mean()

    assert share(planted, BAD_CATEGORY).idxmax() == BAD_REGION
    assert share(planted, BAD_CATEGORY)[BAD_REGION] > 2 * share(without_effect, BAD_CATEGORY)[BAD_REGION]
    assert share(planted, BAD_CATEGORY).drop(BAD_REGION).max() < 0.15


def test_who_has_had_enough_unsubscribes_and_gets_no_message_after(without_effect, planted):
    assert len(customers_with(planted, "unsubscribed")) > 1.5 * len(customers_with(without_effect, "unsubscribed"))
    last = planted.events[planted.events[c.EVENT] == "unsubscribed"].groupby(c.CUSTOMER_ID)[c.OCCURRED_AT].max()
    sent = planted.events[planted.events[c.EVENT] == "message_sent"]
    until = sent[c.CUSTOMER_ID].map(last)
    assert ((sent[c.OCCURRED_AT] <= until) | until.isna()).all()


def test_the_second_category_follows_the_first(without_effect, planted):
    def share(log) -> float:
        lines = log.transactions[log.transactions[c.AMOUNT] > 0]
        begun = lines[lines[c.CATEGORY] == FIRST].groupby(c.CUSTOMER_ID)[c.ORDERED_AT].min()
        since = lines[c.ORDERED_AT] - lines[c.CUSTOMER_ID].map(begun)
        month = (since > pd.Timedelta(days=1)) & (since <= pd.Timedelta(days=30))
        return float((lines[month][c.CATEGORY] == THEN).mean())

    assert share(planted) > 2 * share(without_effect)


def test_an_unknown_plant_is_refused():
    with pytest.raises(ConfigError, match=r"data.simulated.planted.gold=1.0; expected one of early_act"):
        simulate(10, 0, planted={"gold": 1.0})
