"""One training answers any horizon: by `Bundle.assign`, and by `patronage score`."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import ConfigError


def test_a_bundle_answers_horizons(fitted):
    bundle, features = fitted.bundle, fitted.features
    plain, more = bundle.assign(features), bundle.assign(features, horizons=[7, 30, 90, 365])
    pd.testing.assert_frame_equal(more[plain.columns], plain)
    for name in (c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND):
        columns = [c.at_horizon(name, days) for days in (7, 30, 90, 365)]
        assert (more[columns].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
        assert more[c.at_horizon(name, 90)].tolist() == plain[name].tolist()
    one = bundle.assign(features.iloc[[3]], horizons=[30])
    assert one[c.at_horizon(c.P_ORDER, 30)].iloc[0] == pytest.approx(more[c.at_horizon(c.P_ORDER, 30)].iloc[3])


@pytest.mark.parametrize("days", [0, 366, 7.5])
def test_a_horizon_that_no_model_answers_is_refused(fitted, days):
    with pytest.raises(ConfigError, match="from 1 to 365"):
        fitted.bundle.assign(fitted.features, horizons=[days])


@pytest.mark.slow
def test_score_writes_the_horizons_of_assign(patronage, fitted, registered, project):
    given = (
        "score", "model=models:/patronage@champion", "data=tables", f"data.transactions.path={fitted.log}",
        "cutoff=2023-07-01", "output=out.parquet", f"tracking.uri={registered}",
    )  # fmt: skip
    code, _, err = patronage(*given, "horizons=[7,30]")
    assert code == 0, err
    scored = pd.read_parquet("out.parquet").set_index("customer_id")
    expected = fitted.bundle.assign(fitted.features, horizons=[7, 30])
    pd.testing.assert_frame_equal(scored[list(expected)], expected, check_dtype=False, rtol=1e-12)
    code, _, err = patronage(*given, "horizons=[400]")
    assert code == 2
    assert "from 1 to 365" in err
