"""What was asked for and cannot be had is refused before anything long is fitted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from patronage.config import ActionsConfig, PersonasConfig, TrainConfig
from patronage.errors import FitError
from patronage.training import fit as room


@pytest.mark.parametrize(("k", "first"), [(7, "personas"), ("auto", "forecast")])
def test_a_number_of_personas_is_refused_before_the_forecast_is_fitted(monkeypatch, k, first):
    def refuse(who):
        def fitted(*_, **__):
            raise FitError(who)

        return fitted

    monkeypatch.setattr(room, "earlier", lambda _: [])
    monkeypatch.setattr(room.lenses, "fit", lambda *_: None)
    monkeypatch.setattr(room, "fit_personas", refuse("personas"))
    monkeypatch.setattr(room, "fit_forecast", refuse("forecast"))
    config = TrainConfig(cutoff="2024-01-01", personas=PersonasConfig(k=k))
    split = SimpleNamespace(current=SimpleNamespace(features=None), training=[None], lenses=config.lenses)
    with pytest.raises(FitError, match=first):
        room.fit_bundle(split, config, left_censored=False)


def test_effects_that_are_not_there_are_refused_before_anything_is_fitted(tmp_path):
    config = TrainConfig(cutoff="2024-01-01", actions=ActionsConfig(effects=str(tmp_path)))
    split = SimpleNamespace(current=SimpleNamespace(features=None))
    with pytest.raises(FitError, match="no effects; expected the folder"):
        room.fit_bundle(split, config, left_censored=False)
