"""The settings of the catalogue."""

import pytest

from patronage.config import ActionConfig, ActionsConfig
from patronage.errors import ConfigError

FIT = {"journey_stage": ["loyal"]}


@pytest.mark.parametrize(
    ("name", "action", "message"),
    [
        ("leave_alone", ActionConfig(FIT), "the name of doing nothing"),
        ("mail", ActionConfig(), "conditions: none"),
        ("mail", ActionConfig(FIT, "luck"), "mail.gain=luck; expected one of order, risk, spend, fixed"),
        ("mail", ActionConfig(FIT, rate=0.5, rate_high=0.2), "mail.rate=0.5; expected 0 to 0.2"),
        ("mail", ActionConfig(FIT, cost=-1.0), "mail.cost=-1.0"),
    ],
)
def test_what_cannot_be_meant_is_refused(name, action, message):
    with pytest.raises(ConfigError, match=message):
        ActionsConfig(catalogue={name: action}).check()


def test_the_shipped_catalogue_holds():
    config = ActionsConfig()
    config.check()
    assert len(config.catalogue) == 10  # and leaving alone
