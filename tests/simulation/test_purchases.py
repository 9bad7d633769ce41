"""Simulate, then recover: orders, gaps and spend against the laws that they follow, and types as they were planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from patronage import names as c
from patronage.data.simulated import simulate
from patronage.simulation.parameters import PRODUCT_PRICE
from patronage.simulation.settings import SimulatedConfig


def assert_near(value, expected, deviation, sigmas=4.5):
    assert abs(value - expected) < sigmas * deviation, (value, expected, deviation)


class TestOwnOrders:
    @pytest.mark.slow
    @pytest.mark.parametrize("shape", [1.0, 4.0])
    def test_one_time_buyers_are_as_many_as_the_law_predicts(self, pure, shape):
        customers = pure[0][pure[0][c.TRUE_GAP_SHAPE] == shape]
        clock = shape * customers[c.TRUE_RATE] * customers[c.TRUE_EXPOSURE_DAYS]
        p_no_repeat = stats.gamma.sf(clock, shape)
        deviation = np.sqrt((p_no_repeat * (1 - p_no_repeat)).sum())
        assert_near((customers["orders"] == 1).sum(), p_no_repeat.sum(), deviation)
        assert 0.05 < p_no_repeat.mean() < 0.6

    @pytest.mark.slow
    def test_repeat_orders_are_poisson_for_half_of_the_customers(self, pure):
        customers = pure[0][pure[0][c.TRUE_GAP_SHAPE] == 1.0]
        mean = customers[c.TRUE_RATE] * customers[c.TRUE_EXPOSURE_DAYS]
        repeat = customers["orders"] - 1
        assert_near(repeat.sum(), mean.sum(), np.sqrt(mean.sum()))
        scaled = (repeat - mean) ** 2 / mean.clip(lower=0.05)
        assert 0.9 < scaled[mean > 0.5].mean() < 1.1

    def test_the_other_half_orders_as_much_and_more_regularly(self, pure):
        customers, orders = pure
        regular = customers[customers[c.TRUE_GAP_SHAPE] == 4.0]
        asymptotic = regular[c.TRUE_RATE] * regular[c.TRUE_EXPOSURE_DAYS] - 0.5 * (1 - 1 / 4)
        busy = asymptotic > 4
        assert_near((regular["orders"] - 1)[busy].sum(), asymptotic[busy].sum(), np.sqrt(asymptotic[busy].sum()))
        gaps = orders.groupby(level=0)["at"].diff().dt.total_seconds().dropna()
        variation = gaps.groupby(level=0).std() / gaps.groupby(level=0).mean()
        many = gaps.groupby(level=0).size() >= 10
        by_shape = variation[many].groupby(customers[c.TRUE_GAP_SHAPE]).median()
        assert by_shape[4.0] < 0.65 < 0.8 < by_shape[1.0]

    @pytest.mark.slow
    def test_the_shop_is_closed_at_night_and_busier_at_weekends(self, log):
        at = log.transactions.drop_duplicates(c.ORDER_ID)[c.ORDERED_AT]
        assert at.dt.hour.between(6, 23).all()
        by_weekday = at.dt.day_of_week.value_counts()
        assert by_weekday[5] > 1.2 * by_weekday[1]


class TestOccasionsAndOffers:
    @pytest.mark.slow
    @pytest.mark.parametrize(("occasion", "share"), [("week", 0.7), ("month", 0.5), ("year", 0.05)])
    def test_recurring_occasions_recur_on_their_day(self, purchases, occasion, share):
        orders = purchases[purchases[c.TRUE_OCCASION] == occasion].drop_duplicates(c.ORDER_ID)
        day = {
            "week": orders[c.ORDERED_AT].dt.day_of_week + 1,
            "month": orders[c.ORDERED_AT].dt.day,
            "year": orders[c.ORDERED_AT].dt.day_of_year,
        }[occasion]
        early = orders[c.TRUE_OCCASION_DAY] - day  # a monthly or yearly order may come a day early
        on_day = (early == 0) | ((occasion != "week") & (early == 1))
        assert on_day.mean() > share  # by chance 0.14, 0.07 and 0.006

    def test_universal_occasions_bring_orders_of_the_customers_who_have_them(self, purchases):
        orders = purchases.drop_duplicates(c.ORDER_ID)
        advent = orders[c.ORDERED_AT].dt.strftime("%m-%d").between("12-01", "12-24")
        share = advent.groupby(orders[c.TRUE_OCCASION]).mean()
        assert share["universal"] > 1.5 * share["none"]

    def test_offers_are_sent_at_random_and_lead_to_orders(self, log):
        """Among earlier buyers, the fortnight after an offer has more orders of those who got it."""
        received = log.events[log.events[c.EVENT] == "offer_received"]
        offer = received[received[c.SUBJECT] == "offer 8"]
        day = offer[c.OCCURRED_AT].min().normalize()
        orders = log.transactions[log.transactions[c.AMOUNT] > 0].drop_duplicates(c.ORDER_ID)
        buyers = orders[orders[c.ORDERED_AT] < day][c.CUSTOMER_ID].unique()
        after = orders[orders[c.ORDERED_AT].between(day, day + pd.Timedelta(days=14))]
        n_orders = after[c.CUSTOMER_ID].value_counts().reindex(buyers, fill_value=0)
        sent = n_orders.index.isin(offer[c.CUSTOMER_ID])
        assert 0.5 < sent.mean() < 0.7
        difference = n_orders[sent].mean() - n_orders[~sent].mean()
        assert difference > 3 * np.hypot(n_orders[sent].sem(), n_orders[~sent].sem())


class TestOrderLines:
    def test_the_value_of_an_order_is_gamma(self, pure):
        customers, orders = pure
        ratio = orders["value"] / customers[c.TRUE_MEAN_ORDER_VALUE].reindex(orders.index)
        p = SimulatedConfig().spend_p
        assert stats.kstest(ratio, stats.gamma(p, scale=1 / p).cdf).statistic < 0.01

    def test_prices_stay_near_the_list_price(self, pure_settings):
        lines = simulate(2000, 0, **pure_settings).transactions
        lines = lines[lines[c.AMOUNT] > 0]
        price = (lines[c.AMOUNT] + lines[c.DISCOUNT]) / lines[c.QUANTITY]
        typical = price.groupby(lines[c.PRODUCT_ID]).median()
        assert np.log(price / typical[lines[c.PRODUCT_ID]].to_numpy()).abs().quantile(0.9) < np.log(2)
        assert PRODUCT_PRICE.min() < typical.median() < PRODUCT_PRICE.max()
        assert (lines[c.COST] < lines[c.AMOUNT] + lines[c.DISCOUNT] + 0.02).all()

    def test_a_refund_follows_its_purchase_and_is_requested(self, log):
        refunds = log.transactions[log.transactions[c.AMOUNT] < 0]
        assert 0.02 < len(refunds) / len(log.transactions) < 0.1
        assert (refunds[c.QUANTITY] < 0).all()
        assert (refunds[c.COST] == 0).all()
        purchased = log.transactions[log.transactions[c.AMOUNT] > 0].groupby(c.ORDER_ID)[c.ORDERED_AT].first()
        wait = refunds[c.ORDERED_AT].to_numpy() - purchased[refunds[c.ORDER_ID]].to_numpy()
        assert wait.min() >= np.timedelta64(3, "D")
        assert (log.events[c.EVENT] == "return_requested").sum() == len(refunds)

    def test_personas_differ_in_basket_and_category(self, purchases):
        lines = purchases.groupby([c.TRUE_PERSONA, c.ORDER_ID]).size().groupby(level=0).mean()
        assert lines["family_basket"] > 1.5 * lines["gift_giver"]
        first = purchases.groupby(c.TRUE_PERSONA)[c.CATEGORY].agg(lambda s: s.mode()[0])
        assert first["gadget_fan"] == "electronics"
        assert first["gift_giver"] == "gifts"

    def test_interest_is_the_category_bought_most(self, purchases, truth):
        lines = purchases.groupby([c.CUSTOMER_ID, c.CATEGORY]).size().unstack(fill_value=0)  # noqa: PD010
        top = lines[lines.sum(axis=1) >= 30].idxmax(axis=1)
        true = truth.loc[top.index, c.TRUE_INTEREST]
        assert (top == true).mean() > 0.75
        assert (true == true.mode()[0]).mean() < 0.4

    def test_shopper_types_buy_differently(self, purchases, per_order):
        by_type = purchases.groupby(c.TRUE_SHOPPER_TYPE)
        discount = by_type[c.DISCOUNT].sum() / (by_type[c.DISCOUNT].sum() + by_type[c.AMOUNT].sum())
        assert discount["price_sensitive"] > 1.7 * discount["risk_averse"]
        assert by_type[c.COUPON].apply(lambda s: s.notna().mean()).idxmax() == "smart_shopper"
        assert by_type[c.PRIVATE_LABEL].apply(lambda s: (s == "yes").mean()).idxmax() == "price_sensitive"
        repeated = purchases.duplicated([c.CUSTOMER_ID, c.PRODUCT_ID]).groupby(purchases[c.TRUE_SHOPPER_TYPE]).mean()
        assert repeated.idxmax() == "risk_averse"
        assert per_order("return_requested", c.TRUE_SHOPPER_TYPE).idxmax() == "persuadable"
        assert per_order("offer_redeemed", c.TRUE_SHOPPER_TYPE).idxmax() == "persuadable"

    def test_price_tier_follows_the_lean(self, purchases):
        lines = purchases[purchases[c.PRIVATE_LABEL] == "no"]
        price = (lines[c.AMOUNT] + lines[c.DISCOUNT]) / lines[c.QUANTITY]
        tier = price / price.groupby(lines[c.CATEGORY]).transform("median")
        mean = tier.groupby(lines[c.TRUE_SHOPPER_TYPE]).mean()
        assert mean.idxmin() == "price_sensitive"
        assert mean["smart_shopper"] > 1.2 * mean["price_sensitive"]
