"""The shape of conf/: every key, its type and its range. Values and their reasons are in the YAML files."""

from patronage.config.actions import ActionConfig, ActionsConfig, CapsConfig
from patronage.config.analyse import (
    AnalyseConfig,
    Behaviour,
    CandidatesConfig,
    CohortsConfig,
    CompanionsConfig,
    DriversConfig,
    FirstDaysConfig,
    ListsConfig,
    LostConfig,
    ObstaclesConfig,
    PredictabilityConfig,
    PressureConfig,
    ProductsConfig,
    SequencesConfig,
    StayTarget,
    TimingConfig,
    TurnsConfig,
    TurnTarget,
    UseConfig,
    VoiceConfig,
)
from patronage.config.churn import ChurnConfig
from patronage.config.clv import ClvConfig
from patronage.config.data import (
    ATTRIBUTE_KINDS,
    ContactColumns,
    ContactsConfig,
    CustomerColumns,
    CustomersConfig,
    DataConfig,
    EngineConfig,
    EventColumns,
    EventsConfig,
    TransactionColumns,
    TransactionsConfig,
)
from patronage.config.effect import EffectConfig
from patronage.config.feasts import OccasionWindow
from patronage.config.journey import JourneyConfig
from patronage.config.lenses import (
    ActsConfig,
    ContractConfig,
    LensesConfig,
    OccasionConfig,
    ValueConfig,
)
from patronage.config.personas import PersonasConfig
from patronage.config.process import ProcessConfig
from patronage.config.review import (
    CleanConfig,
    CompareConfig,
    GatesConfig,
    PromoteConfig,
    ReproduceConfig,
    RollbackConfig,
    StoreConfig,
)
from patronage.config.rules import plain, typed
from patronage.config.score import DriftConfig, LimitConfig, RelogConfig, ScoreConfig
from patronage.config.verbs import (
    BacktestConfig,
    CheckConfig,
    EvaluationConfig,
    OriginsConfig,
    SearchConfig,
    SimulateConfig,
    TrackingConfig,
    TrainConfig,
)

__all__ = [
    "ATTRIBUTE_KINDS", "ActionConfig", "ActionsConfig", "ActsConfig", "CapsConfig",
    "AnalyseConfig", "BacktestConfig", "Behaviour", "CandidatesConfig", "CheckConfig",
    "ChurnConfig", "ContractConfig", "CleanConfig", "ClvConfig", "CohortsConfig", "CompanionsConfig", "CompareConfig",
    "ContactColumns", "ContactsConfig", "CustomerColumns", "CustomersConfig", "DataConfig",
    "DriftConfig", "DriversConfig", "EffectConfig", "EngineConfig", "EvaluationConfig", "EventColumns",
    "EventsConfig", "FirstDaysConfig", "GatesConfig", "JourneyConfig", "LensesConfig", "LimitConfig",
    "ListsConfig", "LostConfig", "ObstaclesConfig", "OccasionConfig", "OccasionWindow", "OriginsConfig",
    "PersonasConfig", "PredictabilityConfig", "PressureConfig", "ProcessConfig", "ProductsConfig", "PromoteConfig",
    "RelogConfig",
    "ReproduceConfig", "RollbackConfig", "ScoreConfig", "SearchConfig", "SequencesConfig", "SimulateConfig",
    "StayTarget", "StoreConfig", "TrackingConfig", "TrainConfig", "TransactionColumns", "TransactionsConfig",
    "TimingConfig", "TurnTarget", "TurnsConfig", "UseConfig", "ValueConfig", "VoiceConfig", "plain", "typed",
]  # fmt: skip
