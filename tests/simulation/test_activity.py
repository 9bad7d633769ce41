from __future__ import annotations

import pandas as pd
import pytest

from patronage import names as c


def test_a_session_belongs_to_one_customer_and_is_short(log):
    events = log.events.dropna(subset=[c.SESSION_ID]).groupby(c.SESSION_ID)
    assert (events[c.CUSTOMER_ID].nunique() == 1).all()
    length = events[c.OCCURRED_AT].max() - events[c.OCCURRED_AT].min()
    assert pd.Timedelta(0) < length.max() < pd.Timedelta(hours=1)


def test_shopper_types_browse_differently(per_order):
    assert per_order("content_viewed", c.TRUE_SHOPPER_TYPE).idxmax() == "needs_proof"
    carts = per_order("add_to_cart", c.TRUE_SHOPPER_TYPE)
    assert carts.idxmax() == "procrastinator"
    assert carts["procrastinator"] > 1.4 * carts["persuadable"]


def test_a_cart_is_filled_as_long_after_the_visit_with_an_order_as_without(log):
    visit, cart = (
        log.events[log.events[c.EVENT] == event].dropna(subset=c.SESSION_ID).set_index(c.SESSION_ID)[c.OCCURRED_AT]
        for event in ("visit", "add_to_cart")
    )
    visit = visit.reindex(cart.index)
    wait = (cart - visit).dt.total_seconds()
    ordered = (cart + pd.Timedelta(seconds=90)).isin(log.transactions[c.ORDERED_AT].unique())
    assert 0.2 < ordered.mean() < 0.9
    assert wait[ordered].mean() == pytest.approx(wait[~ordered].mean(), rel=0.02)
    assert wait[~ordered].min() >= 310 > 0
    assert wait.max() < 2310


def test_loyalty_has_an_attitude_side_and_a_purchase_side(truth, log):
    years = truth[c.TRUE_EXPOSURE_DAYS].groupby(truth[c.TRUE_LOYALTY]).sum() / 365.25
    orders = log.transactions.drop_duplicates(c.ORDER_ID)[c.CUSTOMER_ID]
    rate = truth.loc[orders, c.TRUE_LOYALTY].value_counts() / years
    assert min(rate["true"], rate["spurious"]) > 1.4 * max(rate["latent"], rate["none"])
    for event in ("followed", "shared", "referred", "message_opened"):
        customers = log.events.loc[log.events[c.EVENT] == event, c.CUSTOMER_ID]
        attitude = truth.loc[customers, c.TRUE_LOYALTY].value_counts() / years
        assert min(attitude["true"], attitude["latent"]) > 3 * max(attitude["spurious"], attitude["none"]), event


def test_a_contact_gets_no_message_after_unsubscribing(log):
    events = log.events[log.events[c.EVENT].isin(["message_sent", "unsubscribed"])]
    by_event = events.pivot_table(index=c.CUSTOMER_ID, columns=c.EVENT, values=c.OCCURRED_AT, aggfunc="max")
    left = by_event.dropna(subset="unsubscribed")
    assert len(left) > 100
    assert (left["message_sent"] < left["unsubscribed"]).all()


def test_hollow_use_is_frequent_and_thin(truth, log):
    used = log.events[log.events[c.EVENT] == "feature_used"].merge(log.truth, on=c.CUSTOMER_ID)
    by_usage = used.groupby(c.TRUE_USAGE)
    rate = by_usage.size() / truth[c.TRUE_EXPOSURE_DAYS].groupby(truth[c.TRUE_USAGE]).sum()
    assert rate["hollow"] > 2 * rate["medium"] > 2 * rate["light"]
    assert by_usage[c.VALUE].mean()["hollow"] < 0.3 * by_usage[c.VALUE].mean()["heavy"]
    assert by_usage.get_group("hollow").groupby(c.CUSTOMER_ID)[c.SUBJECT].nunique().max() == 1
    assert by_usage.get_group("heavy").groupby(c.CUSTOMER_ID)[c.SUBJECT].nunique().mean() > 4


def test_a_subscription_follows_a_trial_and_ends_at_most_once(log):
    events = log.events[log.events[c.EVENT].isin(["trial_started", "subscribed", "cancelled"])]
    assert not events.duplicated([c.CUSTOMER_ID, c.EVENT]).any()
    at = events.pivot_table(index=c.CUSTOMER_ID, columns=c.EVENT, values=c.OCCURRED_AT, aggfunc="min")
    subscribed, cancelled = at.dropna(subset="subscribed"), at.dropna(subset="cancelled")
    assert len(subscribed) > len(cancelled) > 50
    assert (subscribed["subscribed"] - subscribed["trial_started"] == pd.Timedelta(days=14)).all()
    assert (cancelled["cancelled"] >= cancelled["subscribed"]).all()
