"""The fitted journey: one row is the batch's row, facts are certain, states can be stored and updated."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import DataError, FitError
from patronage.models.journey import ALPHABET, STAGES, JourneyModel

pytestmark = pytest.mark.slow  # they wait for a fit

PREDICTED = [c.JOURNEY_STAGE, c.JOURNEY_PROBABILITY, c.NEXT_STAGE, c.JOURNEY_P_ORDER]


def frame(*paths):
    return pd.DataFrame({c.JOURNEY_PATH: list(paths)}, [f"c{i}" for i in range(len(paths))])


def predicted(model, features):
    return pd.DataFrame(model.predict(features), index=features.index)


class TestContract:
    def test_reads_one_column_and_predicts_four(self, model, book):
        assert model.columns == (c.JOURNEY_PATH,)
        table = predicted(model, book.assign(other=1.0))
        assert list(table) == PREDICTED
        assert table.notna().all(axis=None)
        assert table[c.JOURNEY_STAGE].isin(STAGES).all()
        assert table[c.NEXT_STAGE].isin(STAGES).all()
        for column in (c.JOURNEY_PROBABILITY, c.JOURNEY_P_ORDER):
            assert table[column].between(0, 1).all()

    def test_reads_arrays_by_name_as_well(self, model, book):
        arrays = model.predict({c.JOURNEY_PATH: book[c.JOURNEY_PATH].to_numpy(object)})
        assert predicted(model, book).equals(pd.DataFrame(arrays, book.index))
        assert arrays[c.JOURNEY_STAGE].dtype == object

    def test_no_customer_depends_on_the_others(self, model, book):
        table, details = predicted(model, book), model.stage_details(book)
        shuffled = book.sample(frac=1, random_state=0)
        assert predicted(model, shuffled).loc[book.index].equals(table)
        for few in (book.iloc[:1], book.iloc[7:8], book.iloc[100:103], book.iloc[3:900]):
            assert predicted(model, few).equals(table.loc[few.index])
            assert model.stage_details(few).equals(details.loc[few.index])

    def test_does_not_change_the_frame(self, model, book):
        before = book.copy(deep=True)
        model.predict(book)
        model.stage_details(book)
        assert book.equals(before)

    def test_saved_and_loaded_is_equal(self, model, book, tmp_path):
        model.save(tmp_path / "journey")
        loaded = JourneyModel.load(tmp_path / "journey")
        assert predicted(loaded, book).equals(predicted(model, book))
        assert loaded.transition_table().equals(model.transition_table())
        for name in ("period_days", "horizon_days", "left_censored", "fitted", "history", "candidates"):
            assert getattr(loaded, name) == getattr(model, name)
        assert sorted(file.name for file in (tmp_path / "journey").iterdir()) == ["journey.json", "journey.npz"]

    def test_refuses_another_format(self, model, tmp_path):
        model.save(tmp_path)
        settings = json.loads((tmp_path / "journey.json").read_text())
        (tmp_path / "journey.json").write_text(json.dumps(settings | {"format": 0}))
        with pytest.raises(FitError, match="journey.json: not of format 1; train it again"):
            JourneyModel.load(tmp_path)

    def test_an_empty_frame(self, model):
        assert predicted(model, frame().astype(str)).empty
        assert model.stage_details(frame().astype(str)).empty


class TestPredict:
    def test_facts(self, model):
        table = predicted(model, frame("", ".....", "e", "..i.", "p", ".e.p", "pp", "m"))
        assert table[c.JOURNEY_STAGE].tolist()[:6] == [
            "non_user", "non_user", "prospect", "prospect", "first_time", "first_time",
        ]  # fmt: skip
        assert table[c.JOURNEY_STAGE].iloc[6:].isin(["regular", "loyal"]).all()
        assert np.allclose(table[c.JOURNEY_PROBABILITY].iloc[[0, 1, 2, 4, 5]], 1)

    def test_silence_moves_a_buyer_down(self, model):
        table = predicted(model, frame(*("p.ppp.pp.ppmpp" + "." * silent for silent in range(60))))
        assert table[c.JOURNEY_STAGE].iloc[0] == "loyal"
        assert table[c.JOURNEY_STAGE].iloc[-1] == "churned"
        assert table[c.JOURNEY_P_ORDER].iloc[:20].is_monotonic_decreasing

    def test_a_longer_horizon_holds_more_purchases(self, model, book):
        states = model.filter(book)
        assert np.array_equal(model.p_order(states), model.predict(book)[c.JOURNEY_P_ORDER])
        probabilities = [model.p_order(states, periods) for periods in (0, 12, 90 / 7, 13, 26)]
        assert np.allclose(probabilities[0], 0, atol=1e-12)
        for shorter, longer in pairwise(probabilities):
            assert (shorter < longer).all()

    def test_a_path_of_unknown_events_is_an_error(self, model):
        with pytest.raises(DataError, match=r"journey_path: a character outside '\.eipm' in 1 of 2 rows"):
            model.predict(frame("p", "x"))


class TestStates:
    def test_updating_equals_filtering_again(self, model, book):
        longer = book[book[c.JOURNEY_PATH].str.len() > 0]
        before = longer.assign(**{c.JOURNEY_PATH: longer[c.JOURNEY_PATH].str[:-1]})
        known = before[before[c.JOURNEY_PATH].str.len() > 0]
        events = longer[c.JOURNEY_PATH].str[-1]
        updated = model.update(model.filter(known), events[events != "."])
        silent_newcomers = longer.index.difference(known.index).intersection(events.index[events == "."])
        assert set(updated.index) == set(longer.index) - set(silent_newcomers)
        again = model.filter(longer).loc[updated.index]
        assert np.abs(updated - again).max(axis=None) < 1e-12
        stored = model.filter(known).astype(np.float32)
        assert np.abs(model.update(stored, events).loc[updated.index] - again).max(axis=None) < 1e-6

    def test_the_stage_on_display_has_its_posterior(self, model, book):
        posterior = model.stage_probabilities(model.filter(book))
        assert list(posterior) == list(STAGES)
        assert np.allclose(posterior.sum(axis=1), 1)
        table = predicted(model, book)
        shown = posterior.to_numpy()[np.arange(len(book)), pd.Categorical(table[c.JOURNEY_STAGE], STAGES).codes]
        assert np.array_equal(shown, table[c.JOURNEY_PROBABILITY])

    def test_the_stages_that_follow_add_up(self, model, book):
        states = model.filter(book)
        mixed = sum(
            model.stages_after_event(states, event).mul(
                states.to_numpy() @ model.parameters.emissions[:, ALPHABET.index(event)], axis=0
            )
            for event in ALPHABET
        )
        assert np.allclose(mixed, model.stages_ahead(states, 1))
        assert np.allclose(model.stages_ahead(states, 0), model.stage_probabilities(states))
        reached = model.stages_reached(states, 13)
        assert (reached >= model.stages_ahead(states, 13) - 1e-12).all(axis=None)
        after = model.stages_after_event(states, "p")
        assert np.allclose(after[["non_user", "prospect", "at_risk", "churned"]], 0)


class TestStageDetails:
    def test_by_hand(self, model):
        details = model.stage_details(frame("..", "p", "p.", "p.ppp.pp.ppmpp", "pp" + "." * 60))
        assert details["enough_evidence"].tolist()[:2] == [True, True]  # facts need no evidence
        assert details["entropy"].tolist()[:2] == [0, 0]
        assert not details["enough_evidence"].iloc[2]
        assert details["enough_evidence"].iloc[3]
        assert not details["enough_evidence"].iloc[4]  # two periods with an event only
        assert details["periods_in_stage"].tolist()[:3] == [2, 1, 2]
        assert details["stages_so_far"].iloc[4].endswith(" > at_risk > churned")

    def test_three_periods_with_an_event_are_enough(self, model):
        details = model.stage_details(frame("pp" + "." * 60, "ppp" + "." * 60))
        assert details["enough_evidence"].tolist() == [False, True]

    def test_entropy_is_in_nats(self, model, book):
        entropy = model.stage_details(book)["entropy"]
        posterior = model.stage_probabilities(model.filter(book))
        assert np.allclose(entropy, [-sum(p * np.log(p) for p in row if p > 0) for row in posterior.to_numpy()])
        assert entropy.max() <= np.log(7)

    def test_the_last_stay_is_in_the_stage_on_display(self, model, book):
        details, table = model.stage_details(book), predicted(model, book)
        observed = book[c.JOURNEY_PATH] != ""
        assert (details["stages_so_far"].str.split(" > ").str[-1] == table[c.JOURNEY_STAGE])[observed].all()
        assert (details["periods_in_stage"] <= book[c.JOURNEY_PATH].str.len()).all()

    def test_stays_fill_the_path(self, model, book):
        stays = model.stays(book)
        lengths = book[c.JOURNEY_PATH].str.len()
        assert (
            stays["periods"].groupby(level=0).sum().reindex(book.index, fill_value=0).equals(lengths.rename("periods"))
        )
        assert (~stays["ended"]).sum() == (lengths > 0).sum()


class TestTables:
    def test_transitions(self, model):
        table = model.transition_table()
        assert np.allclose(table.sum(axis=1), 1)
        assert np.allclose(model.dwell(), 1 / (1 - np.diag(table)))
        active = model.transition_table("p").loc[["regular", "at_risk"], ["regular", "loyal"]]
        assert (active.sum(axis=1) > 0.999).all()

    def test_log_likelihood(self, model, book):
        likelihood = model.log_likelihood(book)
        assert likelihood["periods"].tolist() == np.maximum(book[c.JOURNEY_PATH].str.len() - 1, 0).tolist()
        assert (likelihood["nats"][likelihood["periods"] == 0] == 0).all()
        events = pd.Series(list("".join(book[c.JOURNEY_PATH].str[1:])))
        shares = events.value_counts(normalize=True)
        independent = (shares * np.log(shares)).sum()
        assert likelihood["nats"].sum() / likelihood["periods"].sum() > independent + 0.1
