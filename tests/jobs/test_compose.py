"""The settings of a verb, composed outside its command."""

from __future__ import annotations

import pytest

from patronage.config import TrainConfig
from patronage.errors import ConfigError
from patronage.jobs.compose import composed, settings


@pytest.mark.slow
def test_overrides_are_those_of_the_command_line():
    config = settings("train", ["data=cdnow", "cutoff=1998-01-01", "personas.k=4", "churn=lightgbm"])
    assert isinstance(config, TrainConfig)
    assert config.personas.k == 4
    assert config.churn.members == {"btyd": False, "features": False, "offset": False, "plain": True}


@pytest.mark.slow
def test_what_must_be_given_is_named():
    with pytest.raises(ConfigError, match="cutoff not set; give cutoff="):
        settings("train", ["data=cdnow"])


@pytest.mark.slow
def test_composing_twice_gives_the_same():
    words = ["data=cdnow", "cutoff=1998-01-01"]
    assert composed("train", words) == composed("train", words)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["train", "effect"])
def test_entries_of_the_tables_of_data_need_no_plus(verb):
    words = ["data=tables", "data.transactions.path=x.csv", "cutoff=2024-01-01"]
    words += ["data.customers.attributes={region: geographic}", "data.events.vocabulary={opened: message_opened}"]
    data = settings(verb, words).data
    assert data.customers.attributes == {"region": "geographic"}
    assert data.events.vocabulary == {"opened": "message_opened"}
