"""The fitted personas: probabilities, blocks, arrays by name, and the disk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.personas.conftest import WORDS, configured, customers
from patronage import names as c
from patronage.lenses.lens import Feature
from patronage.models import personas
from patronage.models.personas import PersonaModel

pytestmark = pytest.mark.slow


def predicted(model, frame, **settings):
    return pd.DataFrame(model.predict(frame, **settings), index=frame.index)


def test_kmeans_probability_is_the_posterior_of_the_mixture_of_which_it_is_the_limit(planted, fit):
    frame, _ = planted
    model = fit(frame)
    centres = model.clusters.centres[model.order]
    squared = ((model.points(frame)[:, None] - centres) ** 2).sum(2)
    assert model.variance == pytest.approx(squared.min(axis=1).mean() / model.preparation.dimensions, rel=1e-3)
    density = np.exp(-squared / (2 * model.variance))
    np.testing.assert_allclose(
        model.probabilities(frame), density / density.sum(1, keepdims=True), rtol=1e-9, atol=1e-300
    )


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_two_fits_agree_exactly_and_saved_is_loaded(planted, fit, method, tmp_path):
    frame, _ = planted
    model, again = fit(frame, method), fit(frame, method)
    pd.testing.assert_frame_equal(predicted(again, frame), predicted(model, frame), check_exact=True)
    model.save(tmp_path)
    loaded = PersonaModel.load(tmp_path)
    pd.testing.assert_frame_equal(predicted(loaded, frame), predicted(model, frame), check_exact=True)
    pd.testing.assert_frame_equal(loaded.explain(frame), model.explain(frame), check_exact=True)
    assert loaded.choice == model.choice
    assert loaded.matching is None


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_no_customer_depends_on_the_others(planted, fit, method):
    frame = planted[0].head(400)
    model = fit(frame, method)
    whole = predicted(model, frame)
    for rows in (7, 1):
        pd.testing.assert_frame_equal(predicted(model, frame, block_rows=rows), whole, check_exact=True)
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(predicted(model, shuffled).loc[frame.index], whole, check_exact=True)
    pd.testing.assert_frame_equal(predicted(model, frame.iloc[[5]]), whole.iloc[[5]], check_exact=True)
    assert list(predicted(model, frame.head(0))) == list(whole)


def test_reads_arrays_by_name_as_well(planted, fit):
    frame, _ = planted
    model = fit(frame)
    arrays = {name: frame[name].to_numpy() for name in model.columns}
    pd.testing.assert_frame_equal(predicted(model, frame), pd.DataFrame(model.predict(arrays), frame.index))
    assert model.predict(arrays)[c.PERSONA_REASON].dtype == object


class TestCustomersWithoutAnOrder:
    """Where personas see the rhythm of orders, who has no order has none."""

    def customers(self) -> pd.DataFrame:
        frame, _ = customers(300)
        silence = np.random.default_rng(0).gamma(2, 60 / frame["orders"])
        frame = frame.assign(**{c.DAYS_SINCE_LAST_ORDER: silence})
        frame.iloc[:7] = [0, 0, np.nan, np.nan]
        return frame

    def fitted(self, frame: pd.DataFrame, *, rhythm: bool) -> PersonaModel:
        config = configured(k=3, allow_unstable=True, features={"orders": True, c.DAYS_SINCE_LAST_ORDER: rhythm})
        return personas.fit(frame, config, seed=0, descriptions={**WORDS, c.DAYS_SINCE_LAST_ORDER: Feature("silence")})

    def test_they_are_no_persona_and_shape_none(self):
        frame = self.customers()
        model = self.fitted(frame, rhythm=True)
        alone = self.fitted(frame.iloc[7:], rhythm=True)
        np.testing.assert_array_equal(model.clusters.centres, alone.clusters.centres)
        predicted = model.predict(frame)
        assert set(predicted[c.PERSONA][:7]) == {c.NO_ORDER}
        assert set(predicted[c.PERSONA_ID][:7]) == {c.NO_ORDER_ID}
        assert predicted[c.PERSONA_PROBABILITY][0] == 1
        assert c.NO_ORDER not in predicted[c.PERSONA][7:]
        np.testing.assert_array_equal(model.ids_of(frame), predicted[c.PERSONA_ID])
        assert model.explain(frame.head(7))["feature"].tolist() == [""] * 7

    def test_without_rhythm_they_have_a_persona(self):
        frame = self.customers()
        model = self.fitted(frame, rhythm=False)
        assert set(model.predict(frame)[c.PERSONA_ID]) <= set(model.ids)
        assert model.have_persona(frame).all()


class TestCustomersOfWhomNothingIsKnown:
    """A customer without evidence is unknown, and not in the persona nearest to the middle."""

    def customers(self) -> pd.DataFrame:
        frame, _ = customers(300)
        frame = frame.astype(float)
        frame.iloc[:7] = np.nan
        frame.iloc[7, 0] = np.nan  # something is known
        return frame

    def fitted(self, frame: pd.DataFrame) -> PersonaModel:
        config = configured(k=3, allow_unstable=True, features={"orders": True, "value": True})
        return personas.fit(frame, config, seed=0, descriptions=WORDS)

    def test_they_are_no_persona_and_shape_none(self):
        frame = self.customers()
        model, alone = self.fitted(frame), self.fitted(frame.iloc[7:])
        np.testing.assert_array_equal(model.clusters.centres, alone.clusters.centres)
        predicted = pd.DataFrame(model.predict(frame), frame.index)
        assert set(predicted[c.PERSONA].iloc[:7]) == {c.UNKNOWN}
        assert set(predicted[c.PERSONA_ID].iloc[:7]) == {c.UNKNOWN_ID}
        assert set(predicted[c.PERSONA_REASON].iloc[:7]) == {"nothing is known of what the personas see"}
        assert (predicted[c.PERSONA_ID].iloc[7:] >= 0).all()
        np.testing.assert_array_equal(model.ids_of(frame), predicted[c.PERSONA_ID])
        assert model.explain(frame.head(7))["feature"].tolist() == [""] * 7

    def test_one_alone_is_unknown_too(self):
        frame = self.customers()
        assert self.fitted(frame).predict(frame.head(1))[c.PERSONA].tolist() == [c.UNKNOWN]


def test_a_reason_names_goods_only_where_the_customer_buys_them_and_all_else_reads_no_goods(planted, tmp_path):
    frame, _ = planted
    taste = np.log(frame["value"]) - np.log(frame["value"]).mean()
    frame = frame.assign(taste_1=taste, taste_1_goods=np.where(np.arange(len(frame)) % 2, 0.0, 0.1 * np.sign(taste)))
    words = {**WORDS, "taste_1": Feature("what is bought", "more beef", "more beer", "buying beef", "buying beer")}
    config = configured(features={"orders": True, "taste_1": True})
    model = personas.fit(frame, config, seed=0, descriptions=words)
    model.save(tmp_path)
    assigned = predicted(PersonaModel.load(tmp_path), frame)
    buys = assigned[c.PERSONA_REASON].str.split("; if").str[0].str.contains("more be")
    assert buys[::2].any()
    assert not buys[1::2].any()
    assert model.reads == ("orders", "taste_1", "taste_1_goods")
    assert len(model.explain(frame)) == len(model.ids_of(frame.drop(columns="taste_1_goods"))) == len(frame)
