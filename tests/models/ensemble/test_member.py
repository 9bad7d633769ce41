"""A member without trees predicts its start, and members together give an entry each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.ensemble.encoding import Encoding
from patronage.models.ensemble.member import BTYD, MEMBERS, Member, TargetEnsemble
from patronage.models.ensemble.target import ORDERS

NOTHING = Encoding((), {})
FEATURES = pd.DataFrame({"expected_orders": [1.0, 4.0]})


def test_only_the_plain_member_leaves_btyd_aside():
    assert {name: kind.uses_btyd for name, kind in MEMBERS.items()} == {
        "btyd": True, "plain": False, "features": True, "offset": True,
    }  # fmt: skip


def test_without_trees_a_member_predicts_its_start():
    ensemble = TargetEnsemble(
        ORDERS, (Member(BTYD, NOTHING, None, None), Member("plain", NOTHING, None, float(np.log(2.0))))
    )
    predicted = ensemble.predict(FEATURES)
    np.testing.assert_allclose(predicted["btyd"], [1.0, 4.0])
    np.testing.assert_allclose(predicted["plain"], [2.0, 2.0])
    assert [member.rounds for member in ensemble.members] == [0, 0]


def test_at_another_horizon_every_member_moves_as_btyd_does():
    ensemble = TargetEnsemble(ORDERS, (Member("plain", NOTHING, None, float(np.log(2.0))),))
    predicted = ensemble.predict(FEATURES, pd.DataFrame({"expected_orders": [3.0, 4.0]}))
    np.testing.assert_allclose(predicted["plain"], [6.0, 2.0])
