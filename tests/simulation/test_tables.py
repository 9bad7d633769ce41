from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.data.contract import CONTACTS, CONTRACTS, VOCABULARY
from patronage.data.simulated import simulate

START, END = pd.Timestamp("2022-01-01"), pd.Timestamp("2024-01-01")
TABLES = ("transactions", "events", "customers", "truth", "truth_stages")


class TestTables:
    @pytest.mark.slow
    def test_every_canonical_column_exists(self, log):
        for contract in (one for one in CONTRACTS if one is not CONTACTS):  # nobody is contacted there
            frame = getattr(log, contract.name)
            # its ids are names, and nobody tells what a customer cost to win
            absent = {"ticket_id", "sender", "product_name", c.ACQUISITION_COST}
            assert set(contract.kinds) - absent <= set(frame)
            assert frame[list(contract.required)].notna().all(axis=None)

    @pytest.mark.slow
    def test_every_event_of_the_vocabulary_occurs(self, log):
        assert set(log.events[c.EVENT]) == set(VOCABULARY)

    @pytest.mark.slow
    def test_some_contacts_never_buy_and_some_never_act(self, log):
        buyers = log.transactions[c.CUSTOMER_ID].nunique()
        own = log.events[~log.events[c.EVENT].isin(["message_sent", "offer_received"])]
        actors = pd.concat([own[c.CUSTOMER_ID], log.transactions[c.CUSTOMER_ID]]).nunique()
        assert 0.7 * len(log.customers) < buyers < 0.9 * len(log.customers)
        assert buyers < actors < 0.97 * len(log.customers)

    def test_every_row_lies_after_the_sign_up_and_within_the_log(self, log):
        signed_up = log.customers.set_index(c.CUSTOMER_ID)[c.SIGNED_UP_AT]
        for frame, moment in ((log.transactions, c.ORDERED_AT), (log.events, c.OCCURRED_AT)):
            assert (frame[moment].to_numpy() > signed_up[frame[c.CUSTOMER_ID]].to_numpy()).all()
            assert frame[moment].between(START, END, inclusive="left").all()

    def test_orders_of_a_customer_are_numbered_in_time(self, log):
        orders = log.transactions[log.transactions[c.AMOUNT] > 0].drop_duplicates(c.ORDER_ID)
        orders = orders.sort_values([c.CUSTOMER_ID, c.ORDERED_AT], kind="stable")
        number = (orders.groupby(c.CUSTOMER_ID).cumcount() + 1).astype(str)
        assert (orders[c.ORDER_ID] == orders[c.CUSTOMER_ID] + "-" + number).all()

    def test_users_of_an_account_share_its_attributes(self, log):
        users = log.customers.dropna(subset=[c.ACCOUNT_ID])
        assert 3 < users[c.ACCOUNT_ID].value_counts().mean() < 8
        assert (users.groupby(c.ACCOUNT_ID)["industry"].nunique() == 1).all()
        assert log.customers.loc[log.customers[c.ACCOUNT_ID].isna(), "industry"].isna().all()


class TestRandomness:
    def test_the_same_seed_gives_the_same_customers_and_0_is_a_seed(self):
        zero, again, other = simulate(300, 0), simulate(300, 0), simulate(300, 1)
        for name in TABLES:
            pd.testing.assert_frame_equal(getattr(zero, name), getattr(again, name))
        assert not zero.transactions.equals(other.transactions)
        assert not zero.truth.equals(other.truth)

    @pytest.mark.slow
    def test_a_customer_is_the_same_among_few_and_among_many(self):
        few, many = simulate(700, 3), simulate(2000, 3)
        for name in TABLES:
            whole, part = getattr(many, name), getattr(few, name)
            same = whole[whole[c.CUSTOMER_ID].isin(few.customers[c.CUSTOMER_ID])].reset_index(drop=True)
            pd.testing.assert_frame_equal(part, same)

    def test_events_change_nothing_in_the_orders(self):
        without = simulate(300, 0, events=False)
        assert without.events.empty
        pd.testing.assert_frame_equal(without.transactions, simulate(300, 0).transactions)


@pytest.mark.parametrize(
    "settings",
    [
        {"buyer_share": 0.0},
        {"days": 7},
        {"days": 45, "start": "2024-02-29"},
        {"messages_per_year": 0, "offers_per_year": 0, "account_share": 0.0},
        {"signup_span": 0.0, "occasion_share": 1.0, "buyer_share": 1.0, "return_share": 1.0, "account_share": 1.0},
        {"purchase_alpha_days": 1e5},
        {"dropout_beta_days": 1e-2},
    ],
    ids=str,
)
def test_extreme_settings_give_sound_tables(settings):
    log = simulate(40, 0, **settings)
    assert len(log.customers) == len(log.truth) == log.truth_stages[c.CUSTOMER_ID].nunique() == 40
    numbers = log.truth.select_dtypes("number").drop(columns=[c.TRUE_OCCASION_PERIOD_DAYS, c.TRUE_OCCASION_DAY])
    assert np.isfinite(numbers.to_numpy()).all()
    assert log.transactions.empty == (settings.get("buyer_share") == 0 or settings.get("days") == 7)
    assert log.transactions[c.AMOUNT].abs().between(0.01, 1e6).all()
    start = pd.Timestamp(settings.get("start", "2022-01-01"))
    end = start + pd.Timedelta(days=settings.get("days", 730))
    assert log.events[c.OCCURRED_AT].between(start, end, inclusive="left").all()
