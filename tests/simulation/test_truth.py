from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.simulation.lifecycle import DAY, Calendar, Lifecycle
from patronage.simulation.parameters import LOYALTIES, STAGES
from patronage.simulation.truth import stays_of, weekly_stages

START = pd.Timestamp("2022-01-01")


@pytest.fixture(scope="module")
def weeks(log):
    """A row per customer and week: the stage, the orders of the week and those up to its end."""
    stays = log.truth_stages
    weeks = stays.loc[stays.index.repeat(stays[c.TRUE_WEEKS])]
    weeks = weeks.assign(week=weeks[c.TRUE_WEEK] + weeks.groupby(level=0).cumcount())
    orders = log.transactions[log.transactions[c.AMOUNT] > 0].drop_duplicates(c.ORDER_ID)
    orders = orders.assign(week=(orders[c.ORDERED_AT] - START).dt.days // 7)
    n_orders = orders.groupby([c.CUSTOMER_ID, "week"]).size().rename("in_week").reset_index()
    weeks = weeks.merge(n_orders, on=[c.CUSTOMER_ID, "week"], how="left").fillna({"in_week": 0})
    return weeks.assign(until=weeks.groupby(c.CUSTOMER_ID)["in_week"].cumsum())


class OneCustomer(SimpleNamespace):
    """The attributes of `Customers` that a stage depends on."""

    def __len__(self):
        return 1


class TestWeeklyStages:
    def stages(self, order_days, loyalty="true", signed_up=0, days=70, **lifecycle):
        """The stages of one customer, by hand: a log of ten weeks unless told otherwise."""
        moments = {"interested": 8, "fades": 70, "leaves": 70, "returns": 70, "leaves_again": 70} | lifecycle
        customers = OneCustomer(
            signed_up=np.array([signed_up]),
            loyalty=np.array([LOYALTIES.index(loyalty)]),
            lifecycle=Lifecycle(**{name: np.array([float(day)]) for name, day in moments.items()}),
        )
        at = np.array(order_days, dtype=np.int64) * DAY
        orders = SimpleNamespace(customer=np.zeros(len(at), np.int64), at=at)
        path = weekly_stages(Calendar(date(2022, 1, 1), days), customers, orders)[0]
        return [STAGES[stage] if stage >= 0 else None for stage in path]

    def test_orders_lead_from_prospect_to_loyal(self):
        assert self.stages([15, 22, 29, 36]) == [
            "non_user", "prospect", "first_time", "regular", "regular", *["loyal"] * 5,
        ]  # fmt: skip

    def test_only_true_loyalty_becomes_loyal(self):
        assert self.stages([15, 22, 29, 36], loyalty="spurious")[-1] == "regular"

    def test_a_customer_fades_leaves_and_returns(self):
        path = self.stages([10, 11], fades=21, leaves=35, returns=49, leaves_again=63)
        assert path == ["non_user", "regular", *["at_risk"] * 2, *["churned"] * 2, *["regular"] * 2, *["churned"] * 2]

    def test_a_lifecycle_cut_at_the_end_of_the_log_is_no_departure(self):
        assert self.stages([10, 11])[-1] == "regular"

    def test_there_is_no_stage_before_the_end_of_the_week_of_the_sign_up(self):
        assert self.stages([], signed_up=7, interested=70)[:3] == [None, "non_user", "non_user"]
        assert self.stages([], signed_up=6, interested=70)[:2] == ["non_user", "non_user"]

    def test_the_last_week_may_be_cut_short(self):
        assert len(self.stages([], days=71)) == 11
        assert len(self.stages([], days=70)) == 10


def test_stays_are_runs_without_the_weeks_before_the_sign_up():
    stays = stays_of(np.array([[-1, -1, 0, 0], [2, 3, 3, 2], [-1, -1, -1, -1]], np.int8))
    assert stays.customer.tolist() == [0, 1, 1, 1]
    assert stays.week.tolist() == [2, 0, 1, 3]
    assert stays.weeks.tolist() == [2, 1, 2, 1]
    assert stays.stage.tolist() == [0, 2, 3, 2]


class TestStages:
    def test_all_stages_exist(self, log):
        assert set(log.truth_stages[c.TRUE_STAGE]) == set(STAGES)

    def test_every_week_since_the_sign_up_has_one_stage(self, log, weeks):
        assert not weeks.duplicated([c.CUSTOMER_ID, "week"]).any()
        signed_up = log.customers.set_index(c.CUSTOMER_ID)[c.SIGNED_UP_AT]
        expected = 105 - (signed_up - START).dt.days // 7
        assert weeks.groupby(c.CUSTOMER_ID).size().eq(expected).all()

    @pytest.mark.slow
    def test_the_number_of_orders_decides_which_stages_are_possible(self, weeks):
        possible = {
            "none": {"non_user", "prospect"},
            "one": {"first_time", "at_risk", c.CHURNED},
            "more": {"regular", "loyal", "at_risk", c.CHURNED},
        }
        n_orders = pd.cut(weeks["until"], [-1, 0, 1, np.inf], labels=list(possible))
        stages = weeks.groupby(n_orders, observed=True)[c.TRUE_STAGE].agg(set)
        assert stages.to_dict() == possible

    def test_churned_customers_do_not_buy_and_some_return(self, weeks):
        before = weeks.groupby(c.CUSTOMER_ID)[c.TRUE_STAGE].shift()
        gone = (weeks[c.TRUE_STAGE] == c.CHURNED) & (before == c.CHURNED)
        assert gone.sum() > 10_000
        assert weeks.loc[gone, "in_week"].sum() == 0
        assert ((before == c.CHURNED) & (weeks[c.TRUE_STAGE] == "regular")).sum() > 50

    def test_customers_at_risk_order_less(self, weeks):
        rate = weeks.groupby(c.TRUE_STAGE)["in_week"].mean()
        assert rate["at_risk"] < 0.6 * rate["regular"]

    def test_a_prospect_has_acted_and_a_non_user_has_not(self, log, weeks):
        own = log.events[~log.events[c.EVENT].isin(["message_sent", "offer_received"])]
        first = ((own.groupby(c.CUSTOMER_ID)[c.OCCURRED_AT].min() - START).dt.days // 7).rename("first")
        weeks = weeks.merge(first, on=c.CUSTOMER_ID, how="left").fillna({"first": np.inf})
        acted = (weeks["first"] <= weeks["week"]).groupby(weeks[c.TRUE_STAGE]).mean()
        assert acted["non_user"] == 0
        assert acted["prospect"] == 1
