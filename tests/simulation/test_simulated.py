"""Simulated customers are what they are said to be: kinds differ as planted, facts hold, every word is spoken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.data.contract import CONTRACTS, VOCABULARY
from patronage.data.simulated import simulate
from patronage.models.journey.stages import STAGES
from patronage.simulation.kinds import STAGES as PLANTED_STAGES

CUSTOMERS = 6000
START, END = pd.Timestamp("2022-01-01"), pd.Timestamp("2024-01-01")  # 730 days


@pytest.fixture(scope="module")
def crowd():
    return simulate(CUSTOMERS, 0)


@pytest.fixture(scope="module")
def truth(crowd):
    return crowd.truth.set_index(c.CUSTOMER_ID)


@pytest.fixture(scope="module")
def bought(crowd):
    """Purchase lines, with who bought them."""
    lines = crowd.transactions
    return lines[lines[c.AMOUNT] > 0].merge(crowd.truth, on=c.CUSTOMER_ID)


@pytest.fixture(scope="module")
def per_order(crowd, truth):
    """Number of events per order of each kind of event, by a column of the truth."""
    orders = crowd.transactions.groupby(c.CUSTOMER_ID)[c.ORDER_ID].nunique()

    def of(event, by):
        count = crowd.events.loc[crowd.events[c.EVENT] == event, c.CUSTOMER_ID].value_counts()
        kind = truth.loc[orders.index, by]
        return count.reindex(orders.index, fill_value=0).groupby(kind).sum() / orders.groupby(kind).sum()

    return of


@pytest.fixture(scope="module")
def weeks(crowd):
    """A row per customer and week: the stage, and the orders so far."""
    stays = crowd.truth_stages
    weeks = stays.loc[stays.index.repeat(stays[c.TRUE_WEEKS])]
    weeks = weeks.assign(week=weeks[c.TRUE_WEEK] + weeks.groupby(level=0).cumcount())
    orders = crowd.transactions[crowd.transactions[c.AMOUNT] > 0].drop_duplicates(c.ORDER_ID)
    orders = orders.assign(week=(orders[c.ORDERED_AT] - START).dt.days // 7)
    count = orders.groupby([c.CUSTOMER_ID, "week"]).size().rename("now").reset_index()
    weeks = weeks.merge(count, on=[c.CUSTOMER_ID, "week"], how="left").fillna({"now": 0})
    return weeks.assign(sofar=weeks.groupby(c.CUSTOMER_ID)["now"].cumsum())


class TestTables:
    def test_every_canonical_column_is_there(self, crowd):
        for contract in CONTRACTS:
            frame = getattr(crowd, contract.name)
            assert set(contract.kinds) <= set(frame)
            assert frame[list(contract.required)].notna().all(axis=None)

    def test_every_word_of_the_vocabulary_is_spoken(self, crowd):
        assert set(crowd.events[c.EVENT]) == set(VOCABULARY)

    def test_some_contacts_never_buy_and_some_never_act(self, crowd):
        buyers = crowd.transactions[c.CUSTOMER_ID].nunique()
        own = crowd.events[~crowd.events[c.EVENT].isin(["message_sent", "offer_received"])]
        actors = pd.concat([own[c.CUSTOMER_ID], crowd.transactions[c.CUSTOMER_ID]]).nunique()
        assert 0.7 * CUSTOMERS < buyers < 0.9 * CUSTOMERS
        assert buyers < actors < 0.97 * CUSTOMERS

    def test_nothing_happens_before_the_sign_up_or_outside_the_log(self, crowd):
        signed_up = crowd.customers.set_index(c.CUSTOMER_ID)[c.SIGNED_UP_AT]
        for frame, moment in ((crowd.transactions, c.ORDERED_AT), (crowd.events, c.OCCURRED_AT)):
            assert (frame[moment].to_numpy() > signed_up[frame[c.CUSTOMER_ID]].to_numpy()).all()
            assert frame[moment].between(START, END, inclusive="left").all()

    def test_the_shop_sleeps_at_night_and_is_busier_at_weekends(self, crowd):
        at = crowd.transactions.drop_duplicates(c.ORDER_ID)[c.ORDERED_AT]
        assert at.dt.hour.between(6, 23).all()
        by_weekday = at.dt.day_of_week.value_counts()
        assert by_weekday[5] > 1.2 * by_weekday[1]

    def test_a_refund_follows_its_purchase_and_is_announced(self, crowd):
        refunds = crowd.transactions[crowd.transactions[c.AMOUNT] < 0]
        assert 0.02 < len(refunds) / len(crowd.transactions) < 0.1
        assert (refunds[c.QUANTITY] < 0).all()
        bought = crowd.transactions[crowd.transactions[c.AMOUNT] > 0].groupby(c.ORDER_ID)[c.ORDERED_AT].first()
        wait = refunds[c.ORDERED_AT].to_numpy() - bought[refunds[c.ORDER_ID]].to_numpy()
        assert wait.min() >= np.timedelta64(3, "D")
        assert (crowd.events[c.EVENT] == "return_requested").sum() == len(refunds)

    def test_a_session_is_one_customers_and_short(self, crowd):
        events = crowd.events.dropna(subset=[c.SESSION_ID]).groupby(c.SESSION_ID)
        assert (events[c.CUSTOMER_ID].nunique() == 1).all()
        length = events[c.OCCURRED_AT].max() - events[c.OCCURRED_AT].min()
        assert pd.Timedelta(0) < length.max() < pd.Timedelta(hours=1)

    def test_accounts_have_several_users_and_firm_attributes(self, crowd):
        users = crowd.customers.dropna(subset=[c.ACCOUNT_ID])
        assert 0.15 < len(users) / CUSTOMERS < 0.25
        assert 3 < users[c.ACCOUNT_ID].value_counts().mean() < 8
        assert (users.groupby(c.ACCOUNT_ID)["industry"].nunique() == 1).all()
        assert crowd.customers.loc[crowd.customers[c.ACCOUNT_ID].isna(), "industry"].isna().all()


class TestKinds:
    def test_shopper_types_buy_differently(self, bought, per_order):
        by = bought.groupby(c.TRUE_SHOPPER_TYPE)
        off = by[c.DISCOUNT].sum() / (by[c.DISCOUNT].sum() + by[c.AMOUNT].sum())
        assert off["price_sensitive"] > 1.7 * off["risk_averse"]
        assert by[c.COUPON].apply(lambda s: s.notna().mean()).idxmax() == "smart_shopper"
        assert by[c.PRIVATE_LABEL].apply(lambda s: (s == "yes").mean()).idxmax() == "price_sensitive"
        again = bought.duplicated([c.CUSTOMER_ID, c.PRODUCT_ID]).groupby(bought[c.TRUE_SHOPPER_TYPE]).mean()
        assert again.idxmax() == "risk_averse"
        reviews = per_order("content_viewed", c.TRUE_SHOPPER_TYPE)
        assert reviews.idxmax() == "needs_proof"
        returns = per_order("return_requested", c.TRUE_SHOPPER_TYPE)
        assert returns.idxmax() == "persuadable"
        assert per_order("offer_redeemed", c.TRUE_SHOPPER_TYPE).idxmax() == "persuadable"
        carts = per_order("add_to_cart", c.TRUE_SHOPPER_TYPE)
        assert carts.idxmax() == "procrastinator"
        assert carts["procrastinator"] > 1.4 * carts["persuadable"]

    def test_price_tier_follows_the_lean(self, bought):
        lines = bought[bought[c.PRIVATE_LABEL] == "no"]
        unit = (lines[c.AMOUNT] + lines[c.DISCOUNT]) / lines[c.QUANTITY]
        tier = unit / unit.groupby(lines[c.CATEGORY]).transform("median")
        mean = tier.groupby(lines[c.TRUE_SHOPPER_TYPE]).mean()
        assert mean.idxmin() == "price_sensitive"
        assert mean["smart_shopper"] > 1.2 * mean["price_sensitive"]

    def test_personas_differ_in_basket_and_category(self, bought):
        orders = bought.groupby([c.TRUE_PERSONA, c.ORDER_ID]).size().groupby(level=0).mean()
        assert orders["family_basket"] > 1.5 * orders["gift_giver"]
        first = bought.groupby(c.TRUE_PERSONA)[c.CATEGORY].agg(lambda s: s.mode()[0])
        assert first["gadget_fan"] == "electronics"
        assert first["gift_giver"] == "gifts"

    def test_interest_is_what_is_bought_most(self, bought):
        many = bought.groupby(c.CUSTOMER_ID).filter(lambda lines: len(lines) >= 30)
        top = many.groupby(c.CUSTOMER_ID)[c.CATEGORY].agg(lambda s: s.mode()[0])
        true = many.groupby(c.CUSTOMER_ID)[c.TRUE_INTEREST].first()
        assert (top == true).mean() > 0.75
        assert (true == true.mode()[0]).mean() < 0.4

    def test_loyalty_has_two_sides(self, truth, per_order, crowd):
        years = truth[c.TRUE_EXPOSURE_DAYS].groupby(truth[c.TRUE_LOYALTY]).sum() / 365.25
        orders = crowd.transactions.drop_duplicates(c.ORDER_ID)[c.CUSTOMER_ID]
        rate = truth.loc[orders, c.TRUE_LOYALTY].value_counts() / years
        assert min(rate["true"], rate["spurious"]) > 1.4 * max(rate["latent"], rate["none"])
        for event in ("followed", "shared", "referred", "message_opened"):
            who = crowd.events.loc[crowd.events[c.EVENT] == event, c.CUSTOMER_ID]
            mind = truth.loc[who, c.TRUE_LOYALTY].value_counts() / years
            assert min(mind["true"], mind["latent"]) > 3 * max(mind["spurious"], mind["none"]), event

    def test_hollow_use_is_frequent_and_thin(self, truth, crowd):
        used = crowd.events[crowd.events[c.EVENT] == "feature_used"].merge(crowd.truth, on=c.CUSTOMER_ID)
        by = used.groupby(c.TRUE_USAGE)
        years = truth[c.TRUE_EXPOSURE_DAYS].groupby(truth[c.TRUE_USAGE]).sum()
        rate = by.size() / years
        assert rate["hollow"] > 2 * rate["medium"] > 2 * rate["light"]
        assert by[c.VALUE].mean()["hollow"] < 0.3 * by[c.VALUE].mean()["heavy"]
        assert by.get_group("hollow").groupby(c.CUSTOMER_ID)[c.SUBJECT].nunique().max() == 1
        assert by.get_group("heavy").groupby(c.CUSTOMER_ID)[c.SUBJECT].nunique().mean() > 4

    @pytest.mark.parametrize(("occasion", "share"), [("week", 0.7), ("month", 0.5), ("year", 0.05)])
    def test_recurring_occasions_recur_on_their_day(self, bought, occasion, share):
        orders = bought[bought[c.TRUE_OCCASION] == occasion].drop_duplicates(c.ORDER_ID)
        day = {
            "week": orders[c.ORDERED_AT].dt.day_of_week + 1,
            "month": orders[c.ORDERED_AT].dt.day,
            "year": orders[c.ORDERED_AT].dt.day_of_year,
        }[occasion]
        early = orders[c.TRUE_OCCASION_DAY] - day  # a monthly or yearly day may be met a day before
        on = (early == 0) | ((occasion != "week") & (early == 1))
        assert on.mean() > share  # by chance 0.14, 0.07 and 0.006

    def test_universal_occasions_draw_those_who_keep_them(self, bought):
        orders = bought.drop_duplicates(c.ORDER_ID)
        advent = orders[c.ORDERED_AT].dt.strftime("%m-%d").between("12-01", "12-24")
        share = advent.groupby(orders[c.TRUE_OCCASION]).mean()
        assert share["universal"] > 1.5 * share["none"]

    def test_offers_go_out_by_lot_and_bring_orders(self, crowd):
        """Among those who had bought before, the fortnight after the offer is richer for those who got it."""
        got = crowd.events[crowd.events[c.EVENT] == "offer_received"]
        fourth = got[got[c.SUBJECT] == "offer 8"]
        day = fourth[c.OCCURRED_AT].min().normalize()
        orders = crowd.transactions[crowd.transactions[c.AMOUNT] > 0].drop_duplicates(c.ORDER_ID)
        before = orders[orders[c.ORDERED_AT] < day][c.CUSTOMER_ID].unique()
        after = orders[orders[c.ORDERED_AT].between(day, day + pd.Timedelta(days=14))]
        count = after[c.CUSTOMER_ID].value_counts().reindex(before, fill_value=0)
        reached = count.index.isin(fourth[c.CUSTOMER_ID])
        assert 0.5 < reached.mean() < 0.7
        gap = count[reached].mean() - count[~reached].mean()
        assert gap > 3 * np.hypot(count[reached].sem(), count[~reached].sem())


class TestVoice:
    def test_stars_follow_satisfaction(self, crowd, truth):
        stars = crowd.events[crowd.events[c.EVENT] == "rating"].groupby(c.CUSTOMER_ID)[c.VALUE].mean()
        assert stars.between(1, 5).all()
        assert stars.corr(truth.loc[stars.index, c.TRUE_SATISFACTION], method="spearman") > 0.6

    def test_trouble_follows_dissatisfaction(self, crowd, truth):
        for event in ("complaint", "ticket_opened"):
            who = crowd.events.loc[crowd.events[c.EVENT] == event, c.CUSTOMER_ID]
            assert truth.loc[who, c.TRUE_SATISFACTION].mean() < truth[c.TRUE_SATISFACTION].mean() - 0.1

    @pytest.mark.parametrize(("survey", "low", "high"), [("nps", 0, 10), ("csat", 1, 5)])
    def test_scores_keep_their_scale_and_follow_satisfaction(self, crowd, survey, low, high):
        answers = crowd.events[crowd.events[c.EVENT] == survey].merge(crowd.truth, on=c.CUSTOMER_ID)
        assert set(answers[c.VALUE]) == set(range(low, high + 1))
        assert answers[c.VALUE].corr(answers[c.TRUE_SATISFACTION]) > 0.7

    def test_the_satisfied_and_the_furious_answer_more(self, crowd, truth):
        answers = crowd.events.loc[crowd.events[c.EVENT] == "nps", c.CUSTOMER_ID]
        orders = crowd.transactions.drop_duplicates(c.ORDER_ID)[c.CUSTOMER_ID]
        bands = [0, 0.25, 0.45, 0.65, 0.85, 1]
        share = (
            pd.cut(truth.loc[answers, c.TRUE_SATISFACTION], bands).value_counts(sort=False)
            / pd.cut(truth.loc[orders, c.TRUE_SATISFACTION], bands).value_counts(sort=False)
        ).to_numpy()
        assert share[0] > 2.5 * share[2]
        assert share[4] > 2.5 * share[2]


class TestStages:
    def test_the_words_are_those_of_the_journey_model(self, crowd):
        assert PLANTED_STAGES == STAGES
        assert set(crowd.truth_stages[c.TRUE_STAGE]) == set(STAGES)

    def test_every_week_since_the_sign_up_has_one_stage(self, crowd, weeks):
        assert not weeks.duplicated([c.CUSTOMER_ID, "week"]).any()
        signed_up = crowd.customers.set_index(c.CUSTOMER_ID)[c.SIGNED_UP_AT]
        expected = 105 - (signed_up - START).dt.days // 7
        assert weeks.groupby(c.CUSTOMER_ID).size().eq(expected).all()

    def test_facts_decide_what_can_be(self, weeks):
        possible = {
            "none": {"non_user", "prospect"},
            "one": {"first_time", "at_risk", c.CHURNED},
            "more": {"regular", "loyal", "at_risk", c.CHURNED},
        }
        facts = pd.cut(weeks["sofar"], [-1, 0, 1, np.inf], labels=list(possible))
        seen = weeks.groupby(facts, observed=True)[c.TRUE_STAGE].agg(set)
        assert seen.to_dict() == possible

    def test_the_churned_do_not_buy_and_some_return(self, weeks):
        before = weeks.groupby(c.CUSTOMER_ID)[c.TRUE_STAGE].shift()
        gone = (weeks[c.TRUE_STAGE] == c.CHURNED) & (before == c.CHURNED)
        assert gone.sum() > 10_000
        assert weeks.loc[gone, "now"].sum() == 0
        assert ((before == c.CHURNED) & (weeks[c.TRUE_STAGE] == "regular")).sum() > 50

    def test_those_at_risk_slow_down(self, weeks):
        rate = weeks.groupby(c.TRUE_STAGE)["now"].mean()
        assert rate["at_risk"] < 0.6 * rate["regular"]

    def test_a_prospect_has_acted_and_a_non_user_has_not(self, crowd, weeks):
        own = crowd.events[~crowd.events[c.EVENT].isin(["message_sent", "offer_received"])]
        first = ((own.groupby(c.CUSTOMER_ID)[c.OCCURRED_AT].min() - START).dt.days // 7).rename("first")
        weeks = weeks.merge(first, on=c.CUSTOMER_ID, how="left").fillna({"first": np.inf})
        acted = (weeks["first"] <= weeks["week"]).groupby(weeks[c.TRUE_STAGE]).mean()
        assert acted["non_user"] == 0
        assert acted["prospect"] == 1
