from __future__ import annotations

from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml
from omegaconf import MISSING, OmegaConf

from patronage.config import BacktestConfig, LensesConfig, SearchConfig, TrainConfig, typed
from patronage.config.places import conf_dir, project_root
from patronage.config.rules import check
from patronage.errors import ConfigError
from patronage.jobs.compose import SCHEMAS, composed, settings

CONF = conf_dir()
OPTIONS = [
    f"{path.parent.name}={path.stem}" for path in sorted(CONF.glob("*/*.yaml")) if path.parent.name != "experiment"
]
EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


def needed(*overrides: str) -> tuple[str, ...]:
    """Overrides that give what has no default."""
    path = "data.transactions.path=x.csv"
    given = ("cutoff=2024-01-01", *(() if any(o.startswith("data=") for o in overrides) else ("data=cdnow",)))
    return (*overrides, *given, *((path,) if {"data=tables", "data=online_retail"} & set(overrides) else ()))


@pytest.fixture(scope="module")
def trained() -> TrainConfig:
    """The settings of a training, with which nothing is wrong."""
    return settings("train", needed())


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.slow
def test_every_option_composes_and_holds(option):
    assert typed(TrainConfig, composed("train", needed(option)))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_states_its_question_and_changes_something(experiment):
    others = {"backtest": BacktestConfig, "search": SearchConfig}
    verb = experiment.split("_")[0] if experiment.split("_")[0] in others else "train"
    schema = others.get(verb, TrainConfig)
    changed = composed(verb, [f"experiment={experiment}"])
    if "path" in OmegaConf.to_yaml(changed.data) and OmegaConf.is_missing(changed.data.transactions, "path"):
        changed.data.transactions.path = "x.csv"  # a log that the user brings
    assert typed(schema, changed)
    assert changed != composed(verb, needed() if verb == "train" else ["data=cdnow"])
    question = (
        changed.question
        if verb == "train"
        else (CONF / "experiment" / f"{experiment}.yaml").read_text().splitlines()[1].removeprefix("# ")
    )
    assert question.endswith("?")


@pytest.mark.slow
def test_no_configuration_of_ours_leans_on_hydra():
    config = composed("train", ["experiment=cdnow"])
    assert not OmegaConf.missing_keys(config)
    assert "${hydra" not in OmegaConf.to_yaml(config, resolve=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "override",
    [
        "personas.kk=3",
        "+typo=1",
        "+data.transactions.columns.custmer_id=x",
        pytest.param("clv.modle=x", marks=pytest.mark.slow),
        pytest.param("typo=1", marks=pytest.mark.slow),
        pytest.param("+personas.kk=3", marks=pytest.mark.slow),
    ],
)
def test_typos_are_refused_in_every_form(override):
    with pytest.raises(Exception, match=r"(?i)not in|Could not override"):
        typed(TrainConfig, composed("train", [*needed(), override]))


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
        ("churn.laws={bg_nbd: false, mbg_nbd: false}", "churn.laws: none is on"),
        ("journey.period_days=200", "shorter than a period of the journey .* lower the period"),
        ("data.name=''", r"data.name=''; expected a name of the log"),
    ],
)
def test_values_out_of_range_are_named_with_what_is_expected(trained, override, message):
    key, _, value = override.partition("=")
    *above, last = key.split(".")
    settings = node = deepcopy(trained)
    for name in above:
        node = node[name] if isinstance(node, dict) else getattr(node, name)
    if isinstance(node, dict):
        node[last] = yaml.safe_load(value)
    else:
        setattr(node, last, yaml.safe_load(value))
    with pytest.raises(ConfigError, match=message):
        check(settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.transactions.path=mine.csv", "data=cdnow reads its own data; give data=tables"),
        ("cutoff=???", "cutoff not set; give cutoff=..."),
        ("clv.level=1.5", "clv.level=1.5; expected"),
    ],
)
def test_the_command_line_is_held_against_the_same_rules(override, message):
    with pytest.raises(ConfigError, match=message):
        typed(TrainConfig, composed("train", [*needed(), override]))


@pytest.mark.slow
@pytest.mark.parametrize("data", ["tables", "online_retail"])
def test_a_table_takes_new_entries_on_the_command_line(data):
    config = settings(
        "check",
        [
            f"data={data}",
            "data.transactions.path=x.csv",
            "data.customers.attributes={country: geographic}",
            "data.customers.attributes.age=demographic",
            "data.events.vocabulary={PageView: view}",
            "data.transactions.where={no customer: client IS NULL}",
            "data.transactions.where.test=client IS NULL",
        ],
    ).data
    assert config.customers.attributes.items() >= {"country": "geographic", "age": "demographic"}.items()
    assert config.events.vocabulary["PageView"] == "view"
    assert {"no customer", "test"} <= set(config.transactions.where)


# What each verb must be given; everything else has a default.
GIVEN = {
    "train": ["cutoff=1998-01-01"],
    "backtest": ["rolling.first=1998-01-01", "rolling.last=1998-01-01"],
    "search": ["cutoff=1998-01-01", "rolling.first=1998-01-01", "rolling.last=1998-01-01"],
    "score": ["cutoff=1998-01-01", "model=models:/x/1", "output=y.parquet"],
    "analyse": ["cutoff=1998-01-01"],
    "effect": ["path=x.csv"],
    "simulate": ["output=x"],
    "compare": ["baseline=x", "candidate=y"],
    "promote": ["run=x"],
    "reproduce": ["run=x"],
}
WITH_DATA = ("train", "backtest", "search", "score", "analyse", "check")


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [verb if verb in ("train", "score", "check") else pytest.param(verb, marks=pytest.mark.slow) for verb in SCHEMAS],
)
def test_a_default_is_the_same_in_python_and_in_conf(verb):
    data = ["data=tables", "data.transactions.path=x.csv"] if verb in WITH_DATA else []
    from_conf = settings(verb, [*data, *GIVEN.get(verb, [])])
    from_python = SCHEMAS[verb]()
    for key in (key.name for key in fields(from_conf)):
        if key == "data" and verb == "simulate":  # the simulated log has settings of its own
            continue
        expected, found = getattr(from_conf, key), getattr(from_python, key)
        if key == "data" and expected is not None:  # a verb may be told of no log
            expected = replace(expected, name=MISSING, transactions=replace(expected.transactions, path=None))
        if key == "path":  # of a table that the user brings
            expected = None
        if key == "rolling":
            expected = replace(expected, first=None, last=None)
        assert found in (expected, MISSING), key


@pytest.mark.slow
def test_a_table_of_the_conf_takes_the_place_of_the_default_one():
    one = settings("train", [*needed(), "~lenses.occasion.calendar.halloween"]).lenses.occasion.calendar
    assert "christmas" in one
    assert "halloween" not in one


def test_lenses_of_python_alone_are_those_of_conf():
    assert LensesConfig().benefits.benefits["service"] == {"service_contacts": 1.0}
    assert LensesConfig().needs.line_weight == 0.25


@pytest.mark.slow
def test_seed_0_is_a_seed():
    assert typed(TrainConfig, composed("train", [*needed(), "seed=0"])).seed == 0


def test_the_root_is_the_nearest_folder_with_mlruns(tmp_path: Path, monkeypatch):
    (tmp_path / "mlruns").mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.delenv("PATRONAGE_ROOT", raising=False)
    monkeypatch.chdir(deep)
    assert project_root() == tmp_path
