"""Labels and declared attributes take part in the personas, and a label has one vote."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

import patronage as pt
from models.personas.conftest import WORDS, configured
from patronage import names as c
from patronage.config.personas import ViewConfig
from patronage.errors import ConfigError
from patronage.lenses import FittedLenses
from patronage.lenses.lens import Lens
from patronage.models import personas
from patronage.models.personas import PersonaModel
from patronage.models.personas.labels import with_labels
from patronage.training.personas import fit_personas


def of_regions(features: pd.DataFrame, _: object) -> dict[str, np.ndarray]:
    return {"profile_region": features["home"].to_numpy(object)}


REGIONS = FittedLenses((Lens("regions", "Where?", "", {}, lambda *_: "", segments=of_regions),), {})


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    home = rng.choice(["north", "south", c.UNKNOWN], 900, p=[0.45, 0.45, 0.1])
    return pd.DataFrame({"orders": rng.poisson(5, 900) + 1.0, "home": home, "value": rng.lognormal(2, 0.3, 900)})


def fitted(frame: pd.DataFrame, former: PersonaModel | None = None, **settings: object) -> PersonaModel:
    config = configured(k=3, allow_unstable=True, **{"features": {"orders": True, "profile_region": True}, **settings})
    return fit_personas(frame, config, seed=0, descriptions=WORDS, former=former, labels=REGIONS)


def test_a_label_of_a_lens_parts_personas_and_shares_one_vote(frame):
    model = fitted(frame)
    assert model.columns == ("orders", "profile_region is north", "profile_region is south")
    np.testing.assert_allclose(model.preparation.weights, [1, 0.5, 0.5])
    known = (frame["home"] != c.UNKNOWN).to_numpy()
    region = pd.Series(model.predict(frame)[c.PERSONA])[known]
    assert adjusted_rand_score(frame["home"][known], region) > 0.3
    assert any("region" in name for name in model.names)
    assert model.reads == ("orders",)


def test_an_unknown_label_favours_no_persona(frame):
    model = fitted(frame)
    columns = with_labels(frame, model.columns, REGIONS)
    assert columns.loc[frame["home"] == c.UNKNOWN, "profile_region is north"].isna().all()
    points = model.points(frame)
    assert (points[frame["home"] == c.UNKNOWN][:, 1:] == 0).all()


def test_saved_is_loaded_and_a_refit_moves_nobody(frame, tmp_path):
    model = fitted(frame)
    model.save(tmp_path)
    loaded = PersonaModel.load(tmp_path, REGIONS)
    np.testing.assert_array_equal(loaded.predict(frame)[c.PERSONA_REASON], model.predict(frame)[c.PERSONA_REASON])
    again = fitted(frame, loaded)
    np.testing.assert_array_equal(again.ids_of(frame), model.ids_of(frame))


def test_a_label_in_a_view_shares_the_view(frame):
    model = fitted(frame, views={"both": ViewConfig(1.5, ["orders", "profile_region"])})
    np.testing.assert_allclose(model.preparation.weights, 0.5)


def test_a_column_of_text_takes_part_in_the_estimator(frame):
    estimator = pt.Personas(k=2, features=["orders", "home"], allow_unstable=True, bootstraps=3).fit(frame)
    assert estimator.model_.columns == ("orders", "home is north", "home is south")
    assert estimator.model_.reads == ("orders", "home")
    one = estimator.predict(frame.head(1))
    pd.testing.assert_frame_equal(one, estimator.predict(frame).head(1))


def test_a_name_that_is_neither_feature_nor_label_is_refused(frame):
    with pytest.raises(ConfigError, match="no numeric feature nor label profile_planet"):
        personas.fit(frame, configured(features={"profile_planet": True}), seed=0, descriptions=WORDS, labels=REGIONS)
