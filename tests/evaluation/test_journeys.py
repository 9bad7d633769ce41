"""Baselines and findings about journeys: by hand where a hand can follow, then a whole small shop."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import lenses
from patronage import names as c
from patronage.config import JourneyConfig, TrainConfig
from patronage.evaluation import journey_baselines as baselines
from patronage.evaluation import journey_survey as survey
from patronage.evaluation import journeys
from patronage.evaluation.intervals import Resampling
from patronage.models import journey
from patronage.models.btyd import clv
from patronage.models.journey.paths import encode
from patronage.training.journey import calibrate
from patronage.training.origins import holdout_at, split_at


def paths(*texts: str):
    return encode(pd.Series(list(texts), dtype="str"))


class TestBaselines:
    def test_rule_stages_by_hand(self):
        # 0 never bought; then five silences (to 2, 4, 13, 26 periods, more) for each of six numbers of purchases
        assert baselines.rule_stages(paths("..pp", "m.")).tolist() == [0, 0, 1, 6, 1, 1]
        last = baselines.last_rule_stage(
            paths("", ".e", "p" + 2 * ".", "p" + 3 * ".", "p" + 27 * ".", 3 * "p", 8 * "p", 99 * "p" + 27 * ".")
        )
        assert last.tolist() == [0, 0, 1, 2, 5, 11, 21, 30]
        assert baselines.RULE_STAGES == 31

    def test_the_chain_by_hand(self):
        # After one purchase, four steps: one more purchase, three silences.
        quiet = baselines.chain(paths("p..", "pp", "p."))
        assert quiet[1, 1] == pytest.approx(3 / 4)
        assert baselines.p_order(quiet, np.array([1]), 2)[0] == pytest.approx(1 - (3 / 4) ** 2)
        assert baselines.p_order(quiet, np.array([1]), 1.5)[0] == pytest.approx(1 - (3 / 4) ** 1.5)
        # a stage nobody was seen in has everyone's chance, one in four
        assert baselines.p_order(quiet, np.array([7]), 5)[0] == pytest.approx(1 - (3 / 4) ** 5)

    def test_no_step_leads_from_one_customer_to_the_next(self):
        assert baselines.chain(paths("p", "p", "p"))[1, 1] == 1.0  # no steps at all, so nothing was seen

    def test_rates_of_kinds_and_of_strangers(self):
        said = baselines.rates(np.array(["a", "a", "b"]), np.array([1.0, 0.0, 0.0]), np.array(["b", "a", "z"]))
        assert said.tolist() == [0.0, 0.5, pytest.approx(1 / 3)]


class TestFindings:
    def test_disorder_names_the_first_pair_that_is_wrong(self):
        stages = pd.Series(["loyal"] * 30 + ["regular"] * 30 + ["at_risk"] * 30 + ["churned"] * 5)
        orders = np.repeat([3.0, 1.0, 0.5, 9.0], [30, 30, 30, 5])
        assert journeys.disorder(journeys.by_stage(stages, orders)) == ""  # five churned customers prove nothing
        orders[60:90] = 2.0
        assert journeys.disorder(journeys.by_stage(stages, orders)) == (
            "regular customers ordered 1.00 times after the cutoff and at_risk ones 2.00"
        )

    def test_even_the_truth_has_an_error_in_few_customers(self):
        rng = np.random.default_rng(0)
        few, many = (journeys.error_by_chance(rng.beta(1, 4, n), seed=0) for n in (300, 30_000))
        assert 0.02 < few < 0.06
        assert many < 0.006

    def test_same_and_facts(self):
        said = pd.DataFrame(
            [
                ("prospect", "non_user", True, False),
                ("trial", "prospect", True, False),
                ("prospect", "loyal", False, True),
                ("first_time", "first_time", True, False),
                ("first_time", "regular", False, True),
                ("reactivated", "loyal", True, False),
                ("regular", "first_time", False, True),
                ("at_risk", "first_time", False, False),  # late, and bought once: no contradiction
                ("defector", "at_risk", False, False),
                ("regular", "prospect", False, True),
            ],
            columns=[c.STATUS_SEGMENT, c.JOURNEY_STAGE, "same", "conflict"],
        )
        assert survey.same(said).tolist() == said["same"].tolist()
        assert survey.fact_conflicts(said, left_censored=False).tolist() == said["conflict"].tolist()
        # who joined before the log began may have bought before it
        assert survey.fact_conflicts(said, left_censored=True).sum() == 2

    def test_lasting_counts_stays_that_have_not_ended(self):
        stays = pd.DataFrame(
            {"stage": ["loyal", "loyal", "at_risk"], "periods": [4, 8, 5], "ended": [True, False, False]}
        )
        assert survey.lasting(stays)["loyal"] == 12  # periods per departure, not the mean of 4
        assert survey.lasting(stays)["at_risk"] == np.inf  # nobody left: as stuck as can be

    def test_where_rules_and_stages_differ(self):
        said = pd.DataFrame({c.STATUS_SEGMENT: ["regular"] * 4, c.JOURNEY_STAGE: ["regular"] * 2 + ["churned"] * 2})
        bought, forecast = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.9, 0.1, 0.1])
        found = survey_of(said, bought, forecast, np.full(4, 0.5))
        assert found["status / stage"].tolist() == ["the same", "regular / churned"]
        assert found["share"].tolist() == [0.5, 0.5]
        assert found["difference"].tolist() == pytest.approx([np.log(0.5 / 0.9)] * 2)


def survey_of(*arguments):
    return journeys.against_status(*arguments, Resampling(20, 0))


@pytest.fixture(scope="module")
def trial(shop, lens_settings) -> journeys.Trial:
    tables = through_the_door(shop)
    config = TrainConfig(cutoff="2023-06-01", horizon_days=90, lenses=lens_settings, seed=0)
    cutoff = datetime(2023, 6, 1)
    holdout = holdout_at(tables, split_at(tables, cutoff, config), config)
    seen, strangers = holdout.split.select(~holdout.unseen), holdout.evaluated.select(holdout.unseen)
    known = seen.current.features
    fitted = journey.fit(known, JourneyConfig(cadence_classes=2), horizon_days=90, period_days=7, seed=0)
    fitted = calibrate(fitted, seen.training, seed=0)
    law = clv.fit(known, config.clv, model="bg_nbd", horizon_days=90)
    learned = lenses.learn(known, config.lenses)
    said = pd.concat(
        [
            pd.DataFrame(fitted.predict(strangers.features), strangers.features.index),
            pd.DataFrame(law.predict(strangers.features), strangers.features.index)[[c.P_ORDER]],
            lenses.segments(strangers.features, learned),
        ],
        axis=1,
    ).assign(**{c.PERSONA: "everyone"})
    return journeys.Trial(fitted, seen, holdout.split.select(holdout.unseen), strangers, said, learned)


class TestAShop:
    def test_every_forecast_is_judged_beside_the_journey(self, trial):
        found = journeys.judge(trial, Resampling(50, 0))
        table = found.tables["journey_forecasts.json"].set_index("forecast")
        assert table.index.tolist() == [
            "journey", "rate", "status", "recency_frequency", "markov", "btyd", "lightgbm",
        ]  # fmt: skip
        assert table["log_loss"].between(0.05, 0.8).all()
        assert table.loc["rate", "high"] < 0  # knowing the path beats knowing nothing
        assert (table["low"].dropna() <= table["difference"].dropna()).all()
        assert found.metrics["journey/unseen/baseline_markov/log_loss"] == table.loc["markov", "log_loss"]
        assert found.tags["journey.calibration"] == trial.journey.calibration.verdict
        mix = found.tables["journey_mix.json"][["before", "predicted", "realised"]]
        assert mix.sum().tolist() == pytest.approx([1, 1, 1])

    def test_a_wrong_order_of_stages_is_said_aloud(self, trial, caplog):
        turned = trial.said[c.JOURNEY_STAGE].map({"churned": "loyal"}).fillna("churned")
        found = journeys.judge(replace(trial, said=trial.said.assign(**{c.JOURNEY_STAGE: turned})), Resampling(20, 0))
        assert found.metrics["journey/unseen/stages_in_order"] == 0
        assert found.tags["journey.warning"] in caplog.text

    def test_touchpoints_restart_the_path(self, trial):
        features = trial.evaluated.features
        bought = (trial.evaluated.labels[c.ORDERS] > 0).to_numpy(float)
        found = journeys.auc_by_touchpoints(trial.journey, features, bought)
        assert found.index.tolist() == [1, 2, 3, 5, 10]
        one = features[c.JOURNEY_PATH].map(lambda path: path[max(map(path.rfind, "pm")) :])
        said = trial.journey.p_order(trial.journey.filter(pd.DataFrame({c.JOURNEY_PATH: one})))
        assert found[1] == journeys.metrics.classification(bought, said.to_numpy())["roc_auc"]

    def test_the_survey_adds_up(self, trial):
        features = trial.evaluated.features
        found = survey.describe(trial.journey, features, trial.said, seed=0)
        stages = found.tables["journey_stages.json"]
        assert stages["customers"].sum() == len(features)
        flows = found.tables["journey_flows.json"]
        assert flows["customers"].sum() == (features[c.JOURNEY_PATH].str.len() > 13).sum()
        assert flows.groupby("from")["share"].sum().tolist() == pytest.approx([1.0] * flows["from"].nunique())
        assert found.metrics["journey/fact_conflicts"] == 0
        stays = trial.journey.stays(features)
        assert stays["periods"].groupby(level=0).sum().equals(features[c.JOURNEY_PATH].str.len().rename("periods"))
        assert "journey_persona_stuck.json" not in found.tables  # everyone is one persona
        changes = (~stays["ended"]).sum()
        assert changes == len(features)  # everyone's last stay goes on

    def test_personas_and_channels_are_told_apart(self, trial):
        said = trial.said.assign(
            **{
                c.PERSONA: np.arange(len(trial.said)) % 2,
                c.CHANNEL_SEGMENT: ["web", "app"] * (len(trial.said) // 2) + ["web"] * (len(trial.said) % 2),
            }
        )
        found = survey.describe(trial.journey, trial.evaluated.features, said, seed=0).tables
        stages = found["journey_channel_stages.json"].set_index("group")
        assert stages["customers"].sum() == len(said)
        assert stages.drop(columns="customers").sum(axis=1).tolist() == pytest.approx([1, 1])
        assert found["journey_persona_stuck.json"]["group"].tolist() == [0, 1]
        after = found["journey_after.json"].set_index(["event", "from"])
        assert after.loc[("purchase", "churned"), ["regular", "loyal"]].sum() == pytest.approx(1)

    def test_a_row_per_customer(self, trial):
        features = trial.evaluated.features
        each = survey.each(trial.journey, features)
        assert each.index.equals(features.index)
        assert each[[*survey.STAGES]].sum(axis=1).to_numpy() == pytest.approx(np.ones(len(each)))
        assert (each["reach_loyal"] >= each["loyal"] - 1e-9).all()
        assert each["after_purchase"].isin(["first_time", "regular", "loyal"]).all()
