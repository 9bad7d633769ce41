from __future__ import annotations

import numpy as np
import pytest

from patronage.models.journey.stages import STAGES
from patronage.simulation import parameters
from patronage.simulation.parameters import labels, product_at


def test_the_stages_are_those_of_the_journey_model():
    assert parameters.STAGES == STAGES


@pytest.mark.parametrize(
    ("shares", "names"),
    [
        (parameters.PERSONA_SHARES, parameters.PERSONAS),
        (parameters.SHOPPER_SHARES, parameters.SHOPPERS),
        (parameters.LOYALTY_SHARES, parameters.LOYALTIES),
        (parameters.OCCASION_SHARES, parameters.OCCASIONS[1:]),
        (parameters.DEVICE_SHARES, parameters.DEVICES),
        (parameters.ACQUISITION_SHARES, parameters.ACQUISITION_CHANNELS),
        (parameters.REGION_SHARES, parameters.REGIONS),
    ],
    ids=["persona", "shopper", "loyalty", "occasion", "device", "acquisition", "region"],
)
def test_every_type_has_a_share_and_shares_sum_to_one(shares, names):
    assert len(shares) == len(names)
    assert shares.sum() == pytest.approx(1)


def test_codes_become_their_texts_and_a_negative_code_becomes_null():
    assert labels(np.array([1, -1, 0]), ("a", "b")).to_pylist() == ["b", None, "a"]


class TestCatalogue:
    def test_every_product_has_one_slot_of_one_tier_of_one_category(self):
        category, tier, slot = (axis.ravel() for axis in np.mgrid[0:12, 0:4, 0:16])
        product = product_at(category, tier, slot)
        assert set(product) == set(range(len(parameters.PRODUCT_NAMES)))
        assert (parameters.PRODUCT_CATEGORY[product] == category).all()
        assert (parameters.PRODUCT_PRIVATE_LABEL[product] == (tier == 3)).all()

    def test_the_private_label_has_eight_slots_which_repeat(self):
        category, tier, slot = np.zeros(3, int), np.full(3, 3), np.array([0, 8, 15])
        assert product_at(category, tier, slot).tolist() == [48, 48, 55]

    def test_prices_rise_with_the_tier(self):
        slots = np.zeros(4, int)
        cheap, middle, high, private = parameters.PRODUCT_PRICE[product_at(slots, np.arange(4), slots)]
        assert private < cheap < middle < high
