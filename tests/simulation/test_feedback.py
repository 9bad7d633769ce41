from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.simulation.feedback import draw_score


def test_without_noise_a_score_is_the_satisfaction_on_the_scale():
    satisfaction = np.array([0.0, 0.5, 1.0])
    assert draw_score(np.random.default_rng(0), satisfaction, 1, 5, noise=0.0).tolist() == [1, 3, 5]


def test_with_noise_a_score_stays_whole_and_on_the_scale():
    scores = draw_score(np.random.default_rng(0), np.linspace(0, 1, 1000), 0, 10, noise=0.5)
    assert set(scores) == set(range(11))


def test_stars_follow_satisfaction(log, truth):
    stars = log.events[log.events[c.EVENT] == "rating"].groupby(c.CUSTOMER_ID)[c.VALUE].mean()
    assert stars.between(1, 5).all()
    assert stars.corr(truth.loc[stars.index, c.TRUE_SATISFACTION], method="spearman") > 0.6


@pytest.mark.parametrize("event", ["complaint", "ticket_opened"])
def test_complaints_and_tickets_follow_dissatisfaction(log, truth, event):
    customers = log.events.loc[log.events[c.EVENT] == event, c.CUSTOMER_ID]
    assert truth.loc[customers, c.TRUE_SATISFACTION].mean() < truth[c.TRUE_SATISFACTION].mean() - 0.1


@pytest.mark.parametrize(("survey", "low", "high"), [("nps", 0, 10), ("csat", 1, 5)])
def test_survey_scores_use_their_scale_and_follow_satisfaction(log, survey, low, high):
    answers = log.events[log.events[c.EVENT] == survey].merge(log.truth, on=c.CUSTOMER_ID)
    assert set(answers[c.VALUE]) == set(range(low, high + 1))
    assert answers[c.VALUE].corr(answers[c.TRUE_SATISFACTION]) > 0.7


def test_the_most_and_the_least_satisfied_answer_more(log, truth):
    answers = log.events.loc[log.events[c.EVENT] == "nps", c.CUSTOMER_ID]
    orders = log.transactions.drop_duplicates(c.ORDER_ID)[c.CUSTOMER_ID]
    bands = [0, 0.25, 0.45, 0.65, 0.85, 1]
    share = (
        pd.cut(truth.loc[answers, c.TRUE_SATISFACTION], bands).value_counts(sort=False)
        / pd.cut(truth.loc[orders, c.TRUE_SATISFACTION], bands).value_counts(sort=False)
    ).to_numpy()
    assert share[0] > 2.5 * share[2]
    assert share[4] > 2.5 * share[2]
