from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from patronage.config import BacktestConfig, CheckConfig, SearchConfig, TrainConfig, typed
from patronage.config.places import conf_dir, project_root
from patronage.errors import ConfigError

CONF = conf_dir()
OPTIONS = [
    f"{path.parent.name}={path.stem}" for path in sorted(CONF.glob("*/*.yaml")) if path.parent.name != "experiment"
]
EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


@pytest.fixture
def composed(monkeypatch):
    monkeypatch.setenv("PATRONAGE_ROOT", "/somewhere")
    ConfigStore.instance().store(name="train_schema", node=TrainConfig)
    ConfigStore.instance().store(name="backtest_schema", node=BacktestConfig)
    ConfigStore.instance().store(name="check_schema", node=CheckConfig)
    ConfigStore.instance().store(name="search_schema", node=SearchConfig)

    def of(*overrides: str, verb: str = "train"):
        with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
            return compose(verb, overrides=list(overrides))

    return of


def needed(*overrides: str) -> tuple[str, ...]:
    """Overrides that give what has no default."""
    path = "data.transactions.path=x.csv"
    given = ("cutoff=2024-01-01", *(() if any(o.startswith("data=") for o in overrides) else ("data=cdnow",)))
    return (*overrides, *given, *((path,) if "data=tables" in overrides else ()))


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes_and_holds(composed, option):
    assert typed(TrainConfig, composed(*needed(option)))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_states_its_question_and_changes_something(composed, experiment):
    others = {"backtest": BacktestConfig, "search": SearchConfig}
    verb = experiment.split("_")[0] if experiment.split("_")[0] in others else "train"
    schema = others.get(verb, TrainConfig)
    changed = composed(f"experiment={experiment}", verb=verb)
    assert typed(schema, changed)
    assert changed != composed(*(needed() if verb == "train" else ["data=cdnow"]), verb=verb)
    comment = (CONF / "experiment" / f"{experiment}.yaml").read_text().splitlines()[1]
    assert comment.startswith("# ")
    assert comment.endswith("?")


def test_no_configuration_of_ours_leans_on_hydra(composed):
    config = composed("experiment=cdnow")
    assert not OmegaConf.missing_keys(config)
    assert "${hydra" not in OmegaConf.to_yaml(config, resolve=False)


@pytest.mark.parametrize(
    "override",
    [
        "personas.kk=3",
        "clv.modle=x",
        "typo=1",
        "+typo=1",
        "+personas.kk=3",
        "+data.transactions.columns.custmer_id=x",
    ],
)
def test_typos_are_refused_in_every_form(composed, override):
    with pytest.raises(Exception, match=r"(?i)not in|Could not override"):
        typed(TrainConfig, composed(*needed(), override))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("horizon_days=0", "horizon_days=0; expected 1 to 3650"),
        ("personas.k=1", "personas.k=1; expected 2 to 100"),
        ("personas.k=some", "personas.k=some; expected one of auto, a number of personas"),
        ("personas.k_range=[5,4]", r"personas.k_range=\[5, 4\]; expected two numbers from 2 to 100"),
        ("clv.level=1.5", "clv.level=1.5; expected"),
        ("data.on_bad_rows=ignore", "data.on_bad_rows=ignore; expected one of fail, quarantine"),
        ("lenses.value.tiers.gold=0.4", "lenses.value.tiers=.*rise to 1"),
        ("churn.bands.low=0.9", "churn.bands=.*rise to 1"),
        ("lenses.occasion.calendar.halloween.start=Oct", "Oct is not a day of the year; expected MM-DD"),
        ("seed=-1", "seed=-1; expected 0"),
        ("engine.threads=0", "engine.threads=0; expected 1"),
        ("churn.num_leaves=1", "churn.num_leaves=1; expected 2"),
        ("data.timezone=Europe/Berln", "data.timezone=Europe/Berln; expected a name such as UTC"),
        ("data.transactions.path=mine.csv", "data=cdnow reads its own data; give data=tables"),
        ("churn.laws={bg_nbd: false, mbg_nbd: false}", "churn.laws: none is on"),
        ("journey.period_days=200", "shorter than a period of the journey .* lower the period"),
        ("cutoff=???", "cutoff not set; give cutoff=..."),
    ],
)
def test_values_out_of_range_are_named_with_what_is_expected(composed, override, message):
    with pytest.raises(ConfigError, match=message):
        typed(TrainConfig, composed(*needed(), override))


def test_seed_0_is_a_seed(composed):
    assert typed(TrainConfig, composed(*needed(), "seed=0")).seed == 0


def test_the_root_is_the_nearest_folder_with_mlruns(tmp_path: Path, monkeypatch):
    (tmp_path / "mlruns").mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.delenv("PATRONAGE_ROOT", raising=False)
    monkeypatch.chdir(deep)
    assert project_root() == tmp_path
