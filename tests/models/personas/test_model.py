"""The fitted personas: probabilities, blocks, arrays by name, and the disk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
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
