from __future__ import annotations

import numpy as np
import pytest

from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.models.btyd.quantiles import LISTED, quantile

LAWS = (BgNbd(0.6, 20.0, 0.8, 2.5), MbgNbd(0.9, 25.0, 0.7, 1.8), ParetoNbd(0.7, 20.0, 0.8, 60.0))
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)


@each_law
@pytest.mark.parametrize("level", [0.05, 0.5, 0.9])
def test_a_quantile_inverts_the_survival(law, level):
    """From customers without an order to come, to those with some hundreds: beyond the listed counts too."""
    rng, size = np.random.default_rng(0), 600
    x, T = np.floor(np.exp(rng.uniform(np.log(0.5), np.log(3000), size))), rng.uniform(1, 2000, size)
    customer = x, np.where(x > 0, T * rng.choice([1, 0.9, 0.1], size), 0), T, rng.uniform(0.1, 10, size)
    counts = quantile(law, level, 90, *customer)
    assert counts.min() == 0
    assert counts.max() > 4 * LISTED
    assert (law.survival(counts + 1, 90, *customer) <= 1 - level).all()
    assert (law.survival(counts, 90, *customer) > 1 - level).all()


@each_law
def test_a_quantile_rises_with_its_level(law):
    counts = quantile(law, np.linspace(0.01, 0.999, 50), 90, 20, 350, 365)
    assert (np.diff(counts) >= 0).all()


@pytest.mark.parametrize("shift", [-1e-9, 1e-9])
def test_the_border_of_a_quantile(shift):
    """P(X* = 0) = 1 - p_order: at that level, and up to it, the quantile is 0; above it is 1."""
    law, customer = LAWS[1], (3, 90, 100)
    p_none = 1 - law.p_order(30, *customer)
    assert quantile(law, p_none + shift, 30, *customer) == (shift > 0)


@pytest.mark.parametrize("count", [LISTED - 1, LISTED, LISTED + 1, 2 * LISTED - 1, 2 * LISTED, 2 * LISTED + 1])
def test_the_borders_of_the_listed_counts(count):
    """A level in the middle of the mass of one count has this count as its quantile."""
    law, customer = LAWS[0], (60, 99, 100)
    below, up_to = (1 - law.survival(n, 90, *customer) for n in (count, count + 1))
    assert quantile(law, (below + up_to) / 2, 90, *customer) == count


@each_law
def test_no_horizon_or_no_rate_means_no_order(law):
    assert quantile(law, 0.99, 0, 3, 40, 100) == 0
    assert quantile(law, 0.99, 90, 3, 40, 100, 0.0) == 0


def test_a_level_for_each_customer():
    together = quantile(LAWS[0], [0.1, 0.9], 90, 20, 350, 365)
    assert together.tolist() == [quantile(LAWS[0], level, 90, 20, 350, 365).item() for level in (0.1, 0.9)]
