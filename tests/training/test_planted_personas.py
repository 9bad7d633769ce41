"""The personas that the simulator plants are recovered by what customers look at and buy."""

from __future__ import annotations

import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from patronage import cutoff as when
from patronage import data, lenses
from patronage import names as c
from patronage.data.simulated import cache_folder, read_settings
from patronage.engine import DuckDB
from patronage.jobs.compose import settings
from patronage.training.origins import split_at
from patronage.training.personas import fit_personas

pytestmark = pytest.mark.slow
CUSTOMERS, SEED = 4000, 1  # of this seed four of five were taken by what they tell of orders and spend alone


@pytest.fixture(scope="module")
def recovered(tmp_path_factory) -> pd.DataFrame:
    """Each contact's true and given persona, whether the contact has bought, and whether any taste was shown."""
    config = settings("train", ["experiment=simulated", f"data.simulated.customers={CUSTOMERS}",
                                f"data.simulated.seed={SEED}", "personas.bootstraps=8"])  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("planted"))  # where the tables are written, and the truth beside them
        tables = data.load(DuckDB(threads=2), config.data)
        truth = pd.read_parquet(cache_folder(read_settings(config.data.simulated)) / "truth.parquet")
    split = split_at(tables, when.parse(config.cutoff), config)
    features = split.current.features
    model = fit_personas(features, config.personas, seed=config.seed, descriptions=lenses.described(split.lenses),
                         later=split.training[0])  # fmt: skip
    tables.engine.close()
    shares = features[[name for name in features if name.startswith("interest_share_")]]
    return pd.DataFrame(
        {
            "true": truth.set_index(c.CUSTOMER_ID)[c.TRUE_PERSONA].reindex(features.index),
            "given": model.predict(features)[c.PERSONA_ID],
            "bought": features[c.N_ORDERS] > 0,
            "shown": shares.notna().any(axis=1),
        }
    )


def agreement(customers: pd.DataFrame) -> float:
    return float(adjusted_rand_score(customers["true"], customers["given"]))


def test_as_many_as_planted_are_taken(recovered):
    assert recovered.loc[recovered["shown"], "given"].nunique() == recovered["true"].nunique()


def test_buyers_and_contacts_who_show_a_taste_are_recovered(recovered):
    assert agreement(recovered[recovered["bought"]]) > 0.85
    assert agreement(recovered[recovered["shown"]]) > 0.8
    assert agreement(recovered) > 0.7


def test_who_shows_no_taste_is_unknown_and_nobody_else(recovered):
    unknown = recovered["given"] == c.UNKNOWN_ID
    pd.testing.assert_series_equal(unknown, ~recovered["shown"], check_names=False)
    assert 0.02 < unknown.mean() < 0.2
