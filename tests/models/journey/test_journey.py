"""The fitted value: what every model of the house promises, and what only a journey can."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import ConfigError, DataError, FitError
from patronage.models.journey import ALPHABET, STAGES, JourneyModel, fit

SETTINGS = {"period_days": 7, "horizon_days": 90, "seed": 3}


def frame(*paths):
    return pd.DataFrame({c.JOURNEY_PATH: list(paths)}, [f"c{i}" for i in range(len(paths))])


@pytest.fixture(scope="module")
def journey(book):
    return fit(book, classes=2, **SETTINGS)


class TestContract:
    def test_reads_one_column_and_names_four(self, journey, book):
        assert journey.columns == (c.JOURNEY_PATH,)
        said = journey.predict(book.assign(other=1.0))
        assert list(said) == [c.JOURNEY_STAGE, c.JOURNEY_PROBABILITY, c.NEXT_STAGE, c.JOURNEY_P_ORDER]
        assert said.index.equals(book.index)
        assert said.notna().all(axis=None)
        assert said[c.JOURNEY_STAGE].isin(STAGES).all()
        assert said[c.NEXT_STAGE].isin(STAGES).all()
        for column in (c.JOURNEY_PROBABILITY, c.JOURNEY_P_ORDER):
            assert said[column].between(0, 1).all()

    def test_no_customer_depends_on_the_others(self, journey, book):
        said, outlook = journey.predict(book), journey.outlook(book)
        shuffled = book.sample(frac=1, random_state=0)
        assert journey.predict(shuffled).loc[book.index].equals(said)
        for few in (book.iloc[:1], book.iloc[7:8], book.iloc[100:103], book.iloc[3:900]):
            assert journey.predict(few).equals(said.loc[few.index])
            assert journey.outlook(few).equals(outlook.loc[few.index])

    def test_the_fit_depends_on_no_order_and_no_id(self, journey, book):
        shuffled = book.sample(frac=1, random_state=0).reset_index(drop=True)
        again = fit(shuffled, classes=2, **SETTINGS)
        assert np.array_equal(again.parameters.transitions, journey.parameters.transitions)
        assert np.array_equal(again.parameters.emissions, journey.parameters.emissions)

    def test_the_seed_decides_the_sample(self, book):
        one, same, other = (
            fit(book, classes=1, max_customers=400, period_days=7, horizon_days=28, seed=seed) for seed in (0, 0, 1)
        )
        assert one.history == same.history
        assert one.history != other.history

    def test_leaves_the_frame_alone(self, journey, book):
        before = book.copy(deep=True)
        journey.predict(book)
        journey.outlook(book)
        fit(book, classes=1, **SETTINGS)
        assert book.equals(before)

    def test_saved_and_loaded_is_equal(self, journey, book, tmp_path):
        journey.save(tmp_path / "journey")
        loaded = JourneyModel.load(tmp_path / "journey")
        assert loaded.predict(book).equals(journey.predict(book))
        assert loaded.transition_table().equals(journey.transition_table())
        for name in ("period_days", "horizon_days", "left_censored", "fitted", "history", "candidates"):
            assert getattr(loaded, name) == getattr(journey, name)
        assert sorted(file.name for file in (tmp_path / "journey").iterdir()) == ["journey.json", "journey.npz"]

    def test_refuses_another_format(self, journey, tmp_path):
        journey.save(tmp_path)
        settings = json.loads((tmp_path / "journey.json").read_text())
        (tmp_path / "journey.json").write_text(json.dumps(settings | {"format": 0}))
        with pytest.raises(FitError, match="journey.json: not of format 1; train it again"):
            JourneyModel.load(tmp_path)


class TestPredict:
    def test_facts(self, journey):
        said = journey.predict(frame("", ".....", "e", "..i.", "p", ".e.p", "pp", "m"))
        assert said[c.JOURNEY_STAGE].tolist()[:6] == [
            "non_user", "non_user", "prospect", "prospect", "first_time", "first_time",
        ]  # fmt: skip
        assert said[c.JOURNEY_STAGE].iloc[6:].isin(["regular", "loyal"]).all()
        assert np.allclose(said[c.JOURNEY_PROBABILITY].iloc[[0, 1, 2, 4, 5]], 1)

    def test_silence_moves_a_buyer_down(self, journey):
        said = journey.predict(frame(*("p.ppp.pp.ppmpp" + "." * silent for silent in range(60))))
        assert said[c.JOURNEY_STAGE].iloc[0] == "loyal"
        assert said[c.JOURNEY_STAGE].iloc[-1] == "churned"
        assert said[c.JOURNEY_P_ORDER].iloc[:20].is_monotonic_decreasing

    def test_a_longer_horizon_holds_more_purchases(self, journey, book):
        beliefs = journey.filter(book)
        assert journey.p_order(beliefs).equals(journey.predict(book)[c.JOURNEY_P_ORDER].rename(None))
        chances = [journey.p_order(beliefs, periods) for periods in (0, 12, 90 / 7, 13, 26)]
        assert np.allclose(chances[0], 0, atol=1e-12)
        for shorter, longer in pairwise(chances):
            assert (shorter < longer).all()

    def test_a_path_of_unknown_events_is_an_error(self, journey):
        with pytest.raises(DataError, match="customer c1"):
            journey.predict(frame("p", "x"))

    def test_nobody(self, journey):
        assert journey.predict(frame().astype(str)).empty
        assert journey.outlook(frame().astype(str)).empty


class TestBeliefs:
    def test_updating_equals_filtering_again(self, journey, book):
        longer = book[book[c.JOURNEY_PATH].str.len() > 0]
        before = longer.assign(**{c.JOURNEY_PATH: longer[c.JOURNEY_PATH].str[:-1]})
        known = before[before[c.JOURNEY_PATH].str.len() > 0]
        events = longer[c.JOURNEY_PATH].str[-1]
        updated = journey.update(journey.filter(known), events[events != "."])
        silent_newcomers = longer.index.difference(known.index).intersection(events.index[events == "."])
        assert set(updated.index) == set(longer.index) - set(silent_newcomers)
        again = journey.filter(longer).loc[updated.index]
        assert np.abs(updated - again).max(axis=None) < 1e-12
        stored = journey.filter(known).astype(np.float32)
        assert np.abs(journey.update(stored, events).loc[updated.index] - again).max(axis=None) < 1e-6

    def test_stages_are_the_posterior(self, journey, book):
        posterior = journey.posterior(book)
        assert list(posterior) == list(STAGES)
        assert np.allclose(posterior.sum(axis=1), 1)
        said = journey.predict(book)
        shown = posterior.to_numpy()[np.arange(len(book)), pd.Categorical(said[c.JOURNEY_STAGE], STAGES).codes]
        assert np.array_equal(shown, said[c.JOURNEY_PROBABILITY])

    def test_what_comes_next_adds_up(self, journey, book):
        beliefs = journey.filter(book)
        mixed = sum(
            journey.after(beliefs, event).mul(self.chance(journey, beliefs, event), axis=0) for event in ALPHABET
        )
        assert np.allclose(mixed, journey.ahead(beliefs, 1))
        assert np.allclose(journey.ahead(beliefs, 0), journey.posterior(book))
        assert (journey.reach(beliefs, 13) >= journey.ahead(beliefs, 13) - 1e-12).all(axis=None)
        assert np.allclose(journey.after(beliefs, "p")[["non_user", "prospect", "at_risk", "churned"]], 0)

    @staticmethod
    def chance(journey, beliefs, event):
        return beliefs.to_numpy() @ journey.parameters.emissions[:, ALPHABET.index(event)]


class TestOutlook:
    def test_by_hand(self, journey):
        outlook = journey.outlook(frame("..", "p", "p.", "p.ppp.pp.ppmpp", "pp" + "." * 60))
        assert outlook["enough_evidence"].tolist()[:2] == [True, True]  # facts need no evidence
        assert outlook["entropy"].tolist()[:2] == [0, 0]
        assert not outlook["enough_evidence"].iloc[2]
        assert outlook["enough_evidence"].iloc[3]
        assert not outlook["enough_evidence"].iloc[4]  # two touchpoints only
        assert outlook["periods_in_stage"].tolist()[:3] == [2, 1, 2]
        assert outlook["stages_so_far"].iloc[4].endswith(" > at_risk > churned")

    def test_entropy_is_in_nats(self, journey, book):
        entropy = journey.outlook(book)["entropy"]
        posterior = journey.posterior(book)
        assert np.allclose(entropy, [-sum(p * np.log(p) for p in row if p > 0) for row in posterior.to_numpy()])
        assert entropy.max() <= np.log(7)

    def test_the_stay_is_in_the_stage_on_display(self, journey, book):
        outlook, said = journey.outlook(book), journey.predict(book)
        seen = book[c.JOURNEY_PATH] != ""
        assert (outlook["stages_so_far"].str.split(" > ").str[-1] == said[c.JOURNEY_STAGE])[seen].all()
        assert (outlook["periods_in_stage"] <= book[c.JOURNEY_PATH].str.len()).all()


class TestTables:
    def test_transitions(self, journey):
        table = journey.transition_table()
        assert np.allclose(table.sum(axis=1), 1)
        assert np.allclose(journey.dwell(), 1 / (1 - np.diag(table)))
        assert (
            journey.transition_table("p").loc[["regular", "at_risk"], ["regular", "loyal"]].sum(axis=1) > 0.999
        ).all()

    def test_log_likelihood(self, journey, book):
        found = journey.log_likelihood(book)
        assert found["periods"].tolist() == np.maximum(book[c.JOURNEY_PATH].str.len() - 1, 0).tolist()
        assert (found["nats"][found["periods"] == 0] == 0).all()
        events = pd.Series(list("".join(book[c.JOURNEY_PATH].str[1:])))
        shares = events.value_counts(normalize=True)
        independent = (shares * np.log(shares)).sum()
        assert found["nats"].sum() / found["periods"].sum() > independent + 0.1


class TestFit:
    def test_few_customers_start_cold(self, book):
        cold = fit(book.iloc[:150], **SETTINGS)
        assert not cold.fitted
        assert cold.classes == 2
        assert len(cold.history) == 1
        assert cold.predict(book)[c.JOURNEY_STAGE].nunique() == 7

    def test_auto_compares_three(self, book):
        found = fit(book, **SETTINGS)
        assert [candidate.classes for candidate in found.candidates] == [1, 2, 3]
        assert found.classes == 2

    def test_a_log_that_begins_late_has_no_first_time_buyer(self, book):
        late = fit(book, classes=2, left_censored=True, **SETTINGS)
        assert (late.posterior(book)["first_time"] == 0).all()

    def test_orders_alone(self, book):
        orders = book[c.JOURNEY_PATH].str.replace("[ei]", ".", regex=True).str.lstrip(".")
        found = fit(orders.to_frame(), classes=2, **SETTINGS)
        stages = set(found.predict(orders.to_frame())[c.JOURNEY_STAGE][orders != ""])
        assert stages == {"first_time", "regular", "loyal", "at_risk", "churned"}
        assert found.predict(frame("e.i"))[c.JOURNEY_STAGE].tolist() == ["prospect"]  # an event it never saw

    @pytest.mark.parametrize(
        ("features", "settings", "error", "message"),
        [
            (pd.DataFrame({"x": [1]}), {}, FitError, "features lack the column journey_path"),
            (frame("", ""), {}, FitError, "journey_path: none of 2 customers has an observed period"),
            (frame("p"), {"classes": 4}, ConfigError, "cadence_classes: found 4, expected auto or one of"),
            (frame("p"), {"period_days": 0}, ConfigError, "period_days: found 0, expected 1 to the horizon of 90"),
            (frame("p"), {"period_days": 91}, ConfigError, "period_days: found 91"),
        ],
    )
    def test_says_what_is_wrong(self, features, settings, error, message):
        with pytest.raises(error, match=message):
            fit(features, **(SETTINGS | settings))
