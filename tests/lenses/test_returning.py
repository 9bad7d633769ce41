"""The chance to come back: learned from earlier cutoffs, asked by the names that claim a loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.lenses import Earlier, returning, rfm, status
from patronage.lenses.fitted import FittedLenses, fit

N = 3_000


def base(rng, gone_after):
    """Customers of many rhythms; who has been silent for more than `gone_after` usual gaps hardly comes back."""
    gaps = rng.integers(0, 12, N).astype(float)
    usual = rng.choice([5.0, 20.0, 60.0], N)
    late = rng.exponential(2.0, N)
    features = pd.DataFrame(
        {
            "active_days": gaps + 1,
            "n_orders": gaps + 1,
            "revenue": 10 * (gaps + 1),
            "days_since_last_order": np.floor(late * usual),
            "n_gaps": gaps,
            "mean_gap_days": np.where(gaps > 0, usual, np.nan),
            "tenure_days": (gaps + late) * usual,
            "longest_gap_days": np.where(gaps > 0, usual, np.nan),
            "days_since_longest_gap": 0.0,
            "n_trials": 0.0,
            "n_acts": 0.0,
            "refunds": 0.0,
        },
        pd.Index([f"c{k}" for k in range(N)], name="customer_id"),
    )
    ordered = rng.random(N) < np.where(late > gone_after, 0.05, 0.9)
    return features, ordered


def test_a_longer_silence_comes_back_less_often():
    rng = np.random.default_rng(0)
    features, ordered = base(rng, gone_after=3)
    learned = returning.learn_returning(features, [Earlier(features, ordered)])
    assert learned.everyone == pytest.approx(ordered.mean(), abs=0.03)
    late = features["days_since_last_order"] / returning.usual_gap(features, learned.typical_gap)
    chance = learned.beside_everyone(features)
    assert chance[late < 1].mean() > 1.2
    assert chance[late > 6].mean() < 0.5


def test_where_too_little_is_known_nothing_is_learned():
    features, _ = base(np.random.default_rng(0), gone_after=3)
    everyone_came = np.ones(N, bool)
    assert not returning.learn_returning(features, [Earlier(features, everyone_came)]).known
    assert not returning.learn_returning(features, []).known


@pytest.mark.parametrize(
    ("lens", "column", "claims"),
    [
        (status.LENS, "status_segment", ["at_risk", "defector"]),
        (rfm.LENS, "rfm_segment", ["at_risk", "cannot_lose", "hibernating", "lost", "about_to_sleep"]),
    ],
)
def test_who_has_a_name_that_claims_a_loss_comes_back_less_often(lens, column, claims, lens_settings):
    """Judged on another draw than it was learned from."""
    then, came = base(np.random.default_rng(1), gone_after=3)
    now, comes = base(np.random.default_rng(2), gone_after=3)
    learned = FittedLenses((lens,), fit(now, lens_settings, [Earlier(then, came)]).states)
    labels = pd.Series(learned.segments(now)[column], now.index)
    for label in claims:
        if (own := comes[labels == label]).size:
            assert own.mean() + 2 * own.std() / own.size**0.5 < comes.mean(), label
    assert labels.isin(claims).any()


def test_who_is_loyal_by_rank_comes_back_as_often_as_everyone(lens_settings):
    """A silence of few days is recent by rank, and long for who orders every five days."""
    then, came = base(np.random.default_rng(1), gone_after=3)
    now, comes = base(np.random.default_rng(2), gone_after=3)
    learned = FittedLenses((rfm.LENS,), fit(now, lens_settings, [Earlier(then, came)]).states)
    labels = pd.Series(learned.segments(now)["rfm_segment"], now.index)
    for label in ("champions", "loyal"):
        assert comes[labels == label].mean() > comes.mean()
        assert learned.states["rfm"].returning.beside_everyone(now[labels == label]).min() >= 1


def test_where_everyone_comes_back_the_names_stay_empty(lens_settings):
    rng = np.random.default_rng(3)
    features, _ = base(rng, gone_after=3)
    ordered = rng.random(N) < 0.95  # whatever the silence was
    learned = returning.learn_returning(features, [Earlier(features, ordered)])
    for lens, column in ((status.LENS, "status_segment"), (rfm.LENS, "rfm_segment")):
        state = replace(lens.fit(features, lens_settings), returning=learned)
        labels = set(lens.segments(features, state)[column])
        assert not labels & {"at_risk", "defector", "lost", "cannot_lose", "hibernating", "about_to_sleep"}


def test_what_was_learned_passes_through_json(lens_settings):
    import json

    features, ordered = base(np.random.default_rng(0), gone_after=3)
    learned = fit(features, lens_settings, [Earlier(features, ordered)])
    again = FittedLenses.from_json(json.loads(json.dumps(learned.to_json())), lens_settings)
    assert again.states["status"] == learned.states["status"]
    assert again.states["rfm"].returning == learned.states["rfm"].returning
