from __future__ import annotations

import pytest

from patronage.config import DataConfig, typed
from patronage.errors import ConfigError
from patronage.simulation.settings import SimulatedConfig, read_settings


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("customers", 0, "data.simulated.customers=0; expected 1 to"),
        ("seed", -1, "data.simulated.seed=-1; expected 0 to"),
        ("spend_q", 1.0, "data.simulated.spend_q=1.0; expected 1.01"),
        ("buyer_share", 1.5, "data.simulated.buyer_share=1.5; expected 0 to 1"),
        ("start", "soon", "data.simulated.start=soon; expected a day"),
        ("days", "x", "data.simulated: Value 'x' of type 'str' could not be converted to Integer"),
        ("typo", 1, "data.simulated: Key 'typo' not in"),
    ],
)
def test_a_wrong_setting_is_named(key, value, message):
    with pytest.raises(ConfigError, match=message):
        read_settings({key: value})


@pytest.mark.parametrize(("key", "value"), [("customers", 1), ("seed", 0), ("spend_q", 1.01), ("buyer_share", 1.0)])
def test_the_border_of_a_range_is_allowed(key, value):
    assert getattr(read_settings({key: value}), key) == value


def test_the_data_card_gives_every_key_and_the_defaults():
    from omegaconf import OmegaConf

    from patronage.config.places import conf_dir

    card = OmegaConf.load(conf_dir() / "data" / "simulated.yaml")
    assert typed(DataConfig, card).name == "simulated"
    assert OmegaConf.to_container(card.simulated) == vars(SimulatedConfig())
