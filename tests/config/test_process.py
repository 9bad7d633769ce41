from __future__ import annotations

import pytest

from patronage.config import ProcessConfig
from patronage.config.rules import check
from patronage.errors import ConfigError


@pytest.mark.parametrize("given", [{"threads": 0}, {"threads": 5000}, {"logging": "xml"}])
def test_out_of_range(given):
    with pytest.raises(ConfigError, match=next(iter(given))):
        check(ProcessConfig(**given))
