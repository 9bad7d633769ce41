"""A failure passes every `except Exception`, as Hydra has some, and brings its error along."""

from __future__ import annotations

import pytest

from patronage.errors import DataError
from patronage.jobs.failure import Failure


def raised(error: Exception) -> None:
    try:
        raise Failure(error)
    except Exception:
        pytest.fail("caught")


def test_it_is_not_caught_on_the_way():
    error = DataError("no orders")
    with pytest.raises(Failure, match="no orders") as caught:
        raised(error)
    assert caught.value.error is error
