"""Patronage: who your customers are, whether they stay, what they are worth and where they are on their journey.

    import patronage as pt

    log = pt.read("orders.csv", customer_id="client", ordered_at="date", amount="total")
    run = pt.train(log, cutoff="2025-01-01", horizon_days=90)
    run.assignments                                        # a row per customer
    pt.score(run.bundle, log, cutoff="2025-04-01")         # the same models, three months later

The same from the shell: `patronage --help`.

A log
    read             a frame, an Arrow table, files, a relation of DuckDB, as checked tables
    Tables           what `read` gives
    example_orders   a small made-up shop

What is known of customers
    features         a row per customer, of what was done before a cutoff
    segments         the named segments of every lens
    outcomes         what the customers did in the horizon: labels to learn from

The whole experiment
    train            every model, measured and applied; MLflow only if asked
    score            a trained bundle on a log
    Run, Bundle      what a training gives; all that was learned

One model alone, by the conventions of scikit-learn
    CLV, Churn, Personas, Journey
    ContactEffects   what contacts drawn by lot change, by customer, and whom to contact
    Contracts        how long contracts go on that are renewed or cancelled, and their value

Errors
    PatronageError and its kinds: one line says what was found, what was expected and what to do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from patronage.errors import (
    ConfigError,
    DataError,
    FitError,
    GateError,
    OutputError,
    PatronageError,
    TrackingError,
)

if TYPE_CHECKING:
    from patronage.bundle import Bundle
    from patronage.data import Tables, read
    from patronage.data.example import example_orders
    from patronage.evaluation.run import Run
    from patronage.front_door import features, outcomes, score, segments, train
    from patronage.models.btyd.contracts import Contracts
    from patronage.models.btyd.estimator import CLV
    from patronage.models.effects.estimator import ContactEffects
    from patronage.models.ensemble.estimator import Churn
    from patronage.models.journey.estimator import Journey
    from patronage.models.personas.estimator import Personas

    __version__: str

__all__ = [
    # a log
    "Tables",
    "example_orders",
    "read",
    # what is known of customers
    "features",
    "outcomes",
    "segments",
    # the whole experiment
    "Bundle",
    "Run",
    "score",
    "train",
    # one model alone
    "CLV",
    "Churn",
    "ContactEffects",
    "Contracts",
    "Journey",
    "Personas",
    # errors
    "ConfigError",
    "DataError",
    "FitError",
    "GateError",
    "OutputError",
    "PatronageError",
    "TrackingError",
    "__version__",
]

# Imported when first used: `patronage --help` and the errors need none of it.
_ROOMS = {
    "Bundle": "bundle",
    "CLV": "models.btyd.estimator",
    "Churn": "models.ensemble.estimator",
    "ContactEffects": "models.effects.estimator",
    "Contracts": "models.btyd.contracts",
    "Journey": "models.journey.estimator",
    "Personas": "models.personas.estimator",
    "Run": "evaluation.run",
    "Tables": "data",
    "example_orders": "data.example",
    "features": "front_door",
    "outcomes": "front_door",
    "read": "data",
    "score": "front_door",
    "segments": "front_door",
    "train": "front_door",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("patronage")
    if name not in _ROOMS:
        raise AttributeError(f"module 'patronage' has no attribute {name!r}")
    return getattr(import_module(f"patronage.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *__all__})
