"""Names by hand: a word is true of most customers of its persona, and clearly less often of the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.config.personas import ViewConfig
from patronage.lenses.lens import Feature
from patronage.models.personas.naming import FeatureWords, Vocabulary, describe, held_words, name_all, words_of

WORDS = (
    FeatureWords("frequent", 3.0, "one-time", 0.0, "ordering more often", "ordering less often", "rhythm"),
    FeatureWords("lapsed", 90.0, "recent", 30.0, "silent for longer", "ordering again", "rhythm"),
    FeatureWords("big-basket", 50.0, "small-basket", 10.0, "with larger orders", "with smaller orders", "value"),
)
COLUMNS = ("orders", "silence", "value")


def held(**columns: list[float]) -> np.ndarray:
    return held_words(WORDS, {name: np.array(values, float) for name, values in columns.items()}, COLUMNS)


def test_a_word_is_true_on_its_border_and_of_no_missing_value():
    low, middle, high = WORDS[1].hold(np.array([30.0, 30.5, 89.9, 90.0, np.nan])).T
    assert low.tolist() == [True, False, False, False, False]
    assert middle.tolist() == [False, True, True, False, False]
    assert high.tolist() == [False, False, False, True, False]


def test_a_word_between_the_borders_tells_apart_who_is_neither():
    words = (FeatureWords("lapsed", 90.0, "recent", 30.0, "", "", "rhythm", middle="away for a while"),)
    base = held_words(words, {"silence": np.array([5.0, 5, 60, 89, 90, 200])}, ("silence",))
    labels = np.array([0, 0, 1, 1, 2, 2])
    assert name_all(words, base, labels, [None] * 3) == ("recent", "away for a while", "lapsed")


def test_a_name_has_one_word_of_a_view_in_the_order_of_the_features():
    labels = np.array([0, 0, 0, 1, 1, 1])
    base = held(orders=[5, 5, 5, 1, 1, 1], silence=[5, 5, 5, 200, 200, 200], value=[99, 99, 99, 5, 5, 5])
    assert name_all(WORDS, base, labels, [None, None]) == ("frequent, big-basket", "lapsed, small-basket")


def test_a_word_needs_two_thirds_of_the_customers_and_fewer_of_the_others():
    two, one = [5, 5, 1], [5, 1, 1]
    nobody = {"silence": [60] * 6, "value": [20] * 6}
    labels = np.array([0, 0, 0, 1, 1, 1])
    assert name_all(WORDS, held(orders=[*two, 1, 1, 1], **nobody), labels, [None, None])[0] == "frequent"
    assert name_all(WORDS, held(orders=[*one, 1, 1, 1], **nobody), labels, [None, None])[0] == "in the middle"
    assert name_all(WORDS, held(orders=[*two, *two], **nobody), labels, [None, None])[0] == "in the middle"


def test_names_are_unique_and_those_of_vanished_personas_are_not_used_again():
    alike = held(orders=[1] * 4, silence=[60] * 4, value=[20] * 4)
    labels = np.array([0, 0, 1, 1])
    assert name_all(WORDS, alike, labels, [None, None]) == ("in the middle", "in the middle (2)")
    base = held(orders=[5, 5, 1, 1], silence=[60] * 4, value=[20] * 4)
    assert name_all(WORDS, base, labels, [None, None], {"frequent"})[0] == "frequent (2)"


def test_a_less_clear_word_sets_two_personas_of_one_name_apart():
    labels = np.repeat([0, 1, 2], 10)
    value = [20] * 10 + [99] * 7 + [20] * 3 + [99] * 10  # big-basket: 7 of 10, and 10 of the 20 others
    base = held(orders=[5] * 20 + [1] * 10, silence=[60] * 30, value=value)
    assert name_all(WORDS, base, labels, ["frequent", None, None])[1] == "frequent, big-basket"
    value = [99] * 6 + [20] * 4 + [99] * 7 + [20] * 3 + [99] * 7 + [20] * 3
    base = held(orders=[5] * 20 + [1] * 10, silence=[60] * 30, value=value)
    assert name_all(WORDS, base, labels, ["frequent", None, None])[1] == "frequent, big-basket"  # 7 of 10, 13 of 20


def test_a_given_name_stays_while_its_words_are_true():
    labels = np.array([0, 0, 1, 1])
    base = held(orders=[5, 5, 1, 1], silence=[5, 5, 60, 60], value=[20] * 4)
    assert name_all(WORDS, base, labels, ["recent", None])[0] == "recent"
    assert name_all(WORDS, base, labels, ["lapsed", None])[0] == "frequent"
    assert describe(WORDS, base, labels == 0) == "frequent"


def test_borders_of_time_come_from_the_rhythm_of_the_base():
    n = 100
    features = pd.DataFrame(
        {
            "days_since_last_order": np.linspace(0, 400, n),
            "repeat_days_per_month": np.r_[np.zeros(70), np.linspace(0.1, 3.0, 30)],
            "mean_gap_days": np.r_[np.full(50, np.nan), np.linspace(20, 160, 50)],
            "evening_share": np.linspace(0, 0.6, n),
            "coupon_share": np.r_[np.zeros(50), np.linspace(0.1, 1, 50)],
        }
    )
    named = {name: Feature(name, "high", "low") for name in features}
    columns = [name for name in features if name != "mean_gap_days"]
    silence, repeat, evening, coupon = words_of(columns, features, named, {"rhythm": ViewConfig(1, columns[:2])})
    assert silence.below == pytest.approx(90)  # half of the customers with a gap wait 90 days or less
    assert silence.above == pytest.approx(np.quantile(np.linspace(20, 160, 50), 0.95))
    assert (repeat.below, repeat.above) == (0, pytest.approx(np.quantile(np.linspace(0.1, 3, 30), 2 / 3)))
    assert evening.above == 0.5  # an evening customer orders mostly in the evening
    assert coupon.below == 0
    assert (silence.view, evening.view) == ("rhythm", "evening_share")


def test_words_hold_no_sign_that_a_list_of_words_uses():
    features = pd.DataFrame({"x": np.arange(9.0)})
    (word,) = words_of(["x"], features, {"x": Feature("x", "more cards, wrap; bows: blue", "less")}, {})
    assert word.high == "more cards wrap bows blue"
    assert (word.below, word.above) == (pytest.approx(8 / 3), pytest.approx(16 / 3))


def test_who_is_silent_for_no_longer_than_usual_is_not_away():
    word = FeatureWords("lapsed", 91.0, "recent", 4.0, "", "", "recency", middle="away for a while", middle_from=20.0)
    held = word.hold(np.array([4.0, 5, 20, 21, 90, 91, np.nan]))
    assert held.tolist() == [
        [True, False, False], [False] * 3, [False] * 3, [False, True, False], [False, True, False],
        [False, False, True], [False] * 3,
    ]  # fmt: skip
    weekly = pd.DataFrame(
        {"days_since_last_order": np.arange(100.0), "mean_gap_days": np.r_[np.full(94, 7.0), [20] * 6]}
    )
    (silence,) = words_of(["days_since_last_order"], weekly, {"days_since_last_order": Feature("", "", "")}, {})
    assert (silence.below, silence.middle_from, silence.above) == (7, 20, 91)


def test_groups_that_clear_words_do_not_tell_apart_are_twins():
    base = held(orders=[0] * 4 + [5] * 2, silence=[60] * 6, value=[20] * 6)
    vocabulary = Vocabulary(WORDS, base)
    assert vocabulary.twins(np.arange(6), np.array([0, 0, 1, 1, 2, 2]), 3) == "one-time"
    assert vocabulary.twins(np.arange(6), np.array([0, 0, 0, 0, 1, 1]), 2) == ""


def test_what_sets_two_of_one_name_apart_is_truest_beside_its_twin():
    labels = np.repeat([0, 1, 2], 10)
    silence = [5] * 10 + [5] * 3 + [200] * 7 + [200] * 10  # lapsed: nobody, 7 of 10, all
    base = held(orders=[5] * 20 + [1] * 10, silence=silence, value=[99] * 17 + [20] * 3 + [99] * 10)
    assert name_all(WORDS, base, labels, ["frequent", None, None])[1] == "frequent, lapsed"


def test_a_word_of_taste_is_held_against_the_spend_on_its_goods():
    """Who stands at the end of beef and buys none of it buys no more beef."""
    features = pd.DataFrame({"taste_1": [2.0, 2.0, -2.0, 0.0], "taste_1_goods": [0.3, 0.0, -0.2, np.nan]})
    described = {"taste_1": Feature("what is bought", "more beef", "more beer")}
    (word,) = words_of(["taste_1"], features, described, {})
    low, _, high = held_words([word], features, ["taste_1"]).T
    assert high.tolist() == [True, False, False, False]
    assert low.tolist() == [False, False, True, False]
