"""`patronage promote`: a champion of another log is neither compared nor replaced."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from patronage.errors import GateError
from patronage.jobs.promote import _check_same_log


def of(data: str) -> SimpleNamespace:
    return SimpleNamespace(name="calm-owl", model_version="3", params={"data": data})


def test_a_champion_of_another_log_is_not_replaced():
    with pytest.raises(GateError, match=r"data=shop, the champion \(version 3\) of data=cdnow; .*=patronage-shop"):
        _check_same_log(of("shop"), of("cdnow"), "champion", "patronage-cdnow")


def test_a_place_that_another_log_took_is_not_advised_again():
    with pytest.raises(GateError, match=r"tracking.registered_model=patronage-shop-1 and promote there"):
        _check_same_log(of("shop"), of("cdnow"), "champion", "patronage-shop")


@pytest.mark.parametrize("champion", [None, of("shop")])
def test_one_of_the_same_log_or_none_is_judged(champion):
    _check_same_log(of("shop"), champion, "champion", "patronage-shop")
