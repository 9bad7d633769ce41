"""The goods at the ends of an axis are what customers there really buy more of."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from patronage.lenses.taste_goods import EndGoods, goods_of_ends

PLACES = np.repeat([1.0, 0.2, -1.0], 30)


def ends(shares: dict[int, np.ndarray], directions: list[float]) -> list[EndGoods]:
    columns = np.column_stack([shares.get(j, np.full(90, 0.1)) for j in range(len(directions))])
    return goods_of_ends(sparse.csr_array(np.sqrt(columns)), PLACES, np.array(directions))


def test_one_item_that_most_at_the_end_buy_is_enough():
    beef = np.repeat([0.5, 0.2, 0.1], 30)
    high, low = ends({0: beef, 1: 0.6 - beef}, [1.0, -1.0])
    assert (high.columns, round(high.usual, 9)) == ([0], 0.2)
    assert low.columns == [1]


def test_what_few_buy_much_of_is_no_word_of_all_at_the_end():
    """Beer pulls furthest, and three in ten there buy any; snacks pull less, and all there buy more of them."""
    beer = np.r_[np.full(9, 0.9), np.zeros(81)]
    snacks = np.repeat([0.3, 0.1, 0.05], 30)
    high, _ = ends({0: beer, 1: snacks}, [3.0, 0.5])
    assert high.columns == [1]


def test_several_goods_stand_together_where_none_alone_is_bought_by_most():
    each = {j: np.r_[np.where(np.arange(30) % 3 == j, 0.3, 0.0), np.zeros(60)] for j in range(3)}
    high, low = ends(each, [1.0, 1.0, 1.0])
    assert sorted(high.columns) == [0, 1, 2]
    assert low == EndGoods([], 0.0)
