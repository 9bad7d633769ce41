"""Names by hand."""

from __future__ import annotations

import numpy as np

from patronage.models.personas.naming import describe, name_all

PAIRS = (("frequent", "infrequent"), ("big-basket", "small-basket"), ("recent", "lapsed"))


def test_a_name_has_the_greatest_difference_first():
    means = np.array([[1.5, 0.4, 0.1], [-0.2, -2.0, 0.1], [0.1, 0.1, 0.1]])
    assert name_all(means, np.eye(3), PAIRS, [None] * 3) == ("frequent, big-basket", "small-basket", "average")


def test_a_difference_on_the_border_gets_a_word():
    assert describe(np.array([0.3, 0.0, 0.0]), np.eye(3), PAIRS) == "frequent"
    assert describe(np.array([0.2999, 0.0, 0.0]), np.eye(3), PAIRS) == "average"


def test_names_are_unique_and_given_names_stay():
    means = np.array([[1.5, 0.8, 0.5], [1.2, 0.9, -0.4], [1.4, 1.0, 0.1]])
    names = name_all(means, np.eye(3), PAIRS, ["frequent, big-basket", None, None])
    assert names[0] == "frequent, big-basket"
    assert names[1] == "frequent, big-basket, lapsed"
    assert len(set(names)) == 3


def test_equal_names_are_numbered():
    assert name_all(np.zeros((3, 3)), np.eye(3), PAIRS, [None] * 3) == ("average", "average (2)", "average (3)")


def test_two_correlated_features_share_one_word():
    alike = np.array([[1, 0.95, 0], [0.95, 1, 0], [0, 0, 1]])
    assert describe(np.array([1.5, 1.4, 0.5]), alike, PAIRS) == "frequent, recent"
    alike = np.where(alike == 0.95, 0.8, alike)  # on the border both have a word
    assert describe(np.array([1.5, 1.4, 0.5]), alike, PAIRS) == "frequent, big-basket"
