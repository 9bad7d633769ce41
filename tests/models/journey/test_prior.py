"""The facts that define the stages, on every short path."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from patronage.models.journey.em import count_paths, fit_em
from patronage.models.journey.filtering import filter_paths, multiply
from patronage.models.journey.maximisation import maximise
from patronage.models.journey.paths import encode
from patronage.models.journey.prediction import stage_indicator
from patronage.models.journey.prior import prior_parameters
from patronage.models.journey.stages import ALPHABET, STAGES
from patronage.models.journey.summary import PathSummary

pytestmark = pytest.mark.slow

EVERY_PATH = pd.Series(["".join(path) for length in range(1, 6) for path in product(ALPHABET, repeat=length)])
SHOP = PathSummary(rates=np.array([0.05, 0.1, 0.2, 0.4]), patience=12.0, engagement_share=0.1, intent_share=0.05)


def n_bought(paths):
    """Purchases that a path shows at least."""
    return paths.str.count("p") + 2 * paths.str.count("m")


def possible(stages, paths, n_orders):
    """Whether the facts allow the stage."""
    never, single = n_orders == 0, n_orders == 1
    before = np.isin(stages, ("non_user", "prospect"))
    return np.select(
        [never, single], [before, ~before & ~np.isin(stages, ("regular", "loyal"))], ~before & (stages != "first_time")
    )


@pytest.mark.parametrize("classes", [1, 2, 3])
@pytest.mark.parametrize("iterate", [False, True], ids=["prior", "fitted"])
class TestFacts:
    def test_every_stage_with_mass_is_possible(self, classes, iterate):
        fit = fit_em(count_paths(EVERY_PATH), classes, iterate=iterate)
        filtered = filter_paths(encode(EVERY_PATH), fit.parameters, fit.stage_of_state)
        posterior = multiply(filtered.states, stage_indicator(fit.stage_of_state))
        for stage, name in enumerate(STAGES):
            has_mass = posterior[:, stage] > 0
            assert has_mass.any()
            assert possible(np.full(len(EVERY_PATH), name), EVERY_PATH, n_bought(EVERY_PATH))[has_mass].all()

    def test_every_stage_on_display_is_possible(self, classes, iterate):
        fit = fit_em(count_paths(EVERY_PATH), classes, iterate=iterate)
        paths = encode(EVERY_PATH)
        shown = np.array(STAGES)[filter_paths(paths, fit.parameters, fit.stage_of_state).shown[paths.offsets[1:] - 1]]
        assert possible(shown, EVERY_PATH, n_bought(EVERY_PATH)).all()

    def test_a_non_user_never_acted_and_a_prospect_did(self, classes, iterate):
        never = EVERY_PATH[~EVERY_PATH.str.contains("[pm]")]
        fit = fit_em(count_paths(EVERY_PATH), classes, iterate=iterate)
        paths = encode(never)
        shown = np.array(STAGES)[filter_paths(paths, fit.parameters, fit.stage_of_state).shown[paths.offsets[1:] - 1]]
        assert (shown == np.where(never.str.contains("[ei]"), "prospect", "non_user")).all()


@pytest.mark.parametrize("classes", [1, 2, 3])
class TestPrior:
    def test_is_a_distribution_everywhere(self, classes):
        shop = prior_parameters(SHOP.cadences(classes), SHOP)
        assert np.allclose(shop.transitions.sum(axis=2), 1)
        assert np.allclose(shop.emissions.sum(axis=1), 1)
        assert (shop.emissions > 0).all()
        assert (shop.transitions[..., -1] == 0).all()  # no customer returns to entry

    def test_keeps_the_order_of_the_hazards(self, classes):
        shop = prior_parameters(SHOP.cadences(classes), SHOP)
        same = maximise(shop.transitions, shop.emissions, SHOP.patience)
        assert np.allclose(same.transitions, shop.transitions, atol=1e-12)
        assert np.allclose(same.emissions, shop.emissions, atol=1e-12)

    def test_nothing_is_absorbing(self, classes):
        shop = prior_parameters(SHOP.cadences(classes), SHOP)
        assert (np.diagonal(shop.joint.sum(axis=0)) < 1).all()
