"""Strings to codes, and what the archetype reads in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.errors import DataError
from patronage.models.journey import traits
from patronage.models.journey.paths import encode


class TestEncode:
    def test_reads_every_event(self):
        paths = encode(pd.Series([".eipm", "", "p."]))
        assert paths.codes.tolist() == [0, 1, 2, 3, 4, 3, 0]
        assert paths.offsets.tolist() == [0, 5, 5, 7]
        assert paths.lengths.tolist() == [5, 0, 2]

    def test_missing_is_empty(self):
        assert encode(pd.Series([None, "p", np.nan])).lengths.tolist() == [0, 1, 0]

    def test_reads_any_cut_of_a_column(self):
        column = pd.Series(["pp", "e.", "", "m..", "i"])
        assert encode(column.iloc[1:4]).codes.tolist() == [1, 0, 4, 0, 0]
        assert encode(pd.concat([column, column])).lengths.tolist() == [2, 2, 0, 3, 1] * 2
        assert encode(column.astype(object).iloc[::-1]).codes.tolist() == [2, 4, 0, 0, 1, 0, 3, 3]

    @pytest.mark.parametrize("column", [pd.Series([], dtype=str), pd.Series(["", ""])])
    def test_reads_nothing(self, column):
        paths = encode(column)
        assert len(paths.codes) == 0
        assert paths.lengths.tolist() == [0] * len(column)

    def test_names_the_customer_and_counts_the_rows(self):
        column = pd.Series(["p.", "p?x", "..", "é"], index=["a", "b", "c", "d"])
        with pytest.raises(DataError, match=r"journey_path: 2 paths .* '\.eipm', the first is 'p\?x' of customer b"):
            encode(column)


class TestTraits:
    @staticmethod
    def read(**customers):
        paths = pd.Series([path.replace("_", ".") for path in customers])
        return traits.read(encode(paths), np.array(list(customers.values())))

    def test_by_hand(self):
        seen = self.read(p__p______=10, pp__=20, p___=100, e_=50)
        # rates .2 (ten times) and .5 (twenty); second purchases after 3 and 1 periods
        assert np.allclose(np.sort(seen.rates), [0.2] * 10 + [0.5] * 20)
        assert seen.patience == 3.0
        assert seen.loyal_rate == 0.5
        quiet = 8 * 10 + 2 * 20 + 3 * 100 + 2 * 50
        assert np.isclose(seen.engages, 50 / quiet)
        assert seen.intends == 1e-4  # never seen, yet possible

    def test_cadences_are_apart(self):
        hazards = self.read(pp__=50).cadences(3)
        assert np.allclose(hazards, -np.log(0.5) * 1.5 ** np.arange(3))

    def test_few_repeat_buyers_are_not_asked(self):
        seen = self.read(pp__=19, p___=500)
        assert np.array_equal(seen.rates, traits.TYPICAL_RATES)
        assert seen.patience == traits.TYPICAL_PATIENCE
