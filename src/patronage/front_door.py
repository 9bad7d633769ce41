"""What `import patronage as pt` offers beside reading a log: features, segments, outcomes, a training, a scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from patronage import cutoff as when
from patronage import lenses as lens_room
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import LensesConfig, TrainConfig
from patronage.config.target import chosen_acts
from patronage.data import Tables
from patronage.data.daily_lines import daily_lines
from patronage.errors import ConfigError
from patronage.evaluation.measurement import measure
from patronage.evaluation.run import Run
from patronage.labels import act_labels, check_acts, labels_at
from patronage.models.btyd.fit import FitCache
from patronage.models.journey.paths import PERIOD_DAYS
from patronage.models.reference import build_reference
from patronage.training.fit import fit_bundle
from patronage.training.origins import earlier_of, period_at, split_at

TASTE = "taste"  # the lens that learns from the log before its features are made

Cutoff: TypeAlias = str | date | datetime | pd.Timestamp


def features(
    log: Tables,
    cutoff: Cutoff,
    *,
    lenses: Sequence[str] | None = None,
    like: Bundle | None = None,
    settings: LensesConfig | None = None,
    period_days: int | None = None,
) -> pd.DataFrame:
    """Describe every customer who is known before the cutoff by what they did before it.

    Parameters
    ----------
    log
        From `patronage.read`.
    cutoff
        A date in the time zone of the log. Only rows before its midnight are seen.
    lenses
        The names of the lenses, such as `["rfm", "status"]`; by default all that the log supports.
    like
        A bundle whose features are wanted: its lenses, their settings and its period take the place of the others.
    settings
        Of the lenses; by default those of conf/lenses/retail.yaml.
    period_days
        Length of a period of the journey path; by default a week or a month, by how long customers wait.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`, sorted; a number or text column for each feature of docs/lenses.md. Its attribute
        `attrs["period_days"]` is the length of a period of the journey path.

    Raises
    ------
    ConfigError
        The cutoff is no date or lies outside the log, or a lens has no such name.
    DataError
        The log lacks the table or column that a named lens needs.

    Examples
    --------
    >>> import patronage as pt
    >>> log = pt.read(pt.example_orders())
    >>> X = pt.features(log, cutoff="2024-01-01", lenses=["rfm"])
    >>> X.loc["c020", ["n_orders", "days_since_last_order"]].tolist()
    [10.0, 7.0]
    """
    moment = _moment_of(log, cutoff)
    if like is not None:
        _check_bundle("like", like)
        frame = lens_room.features_at(log, moment, like.lenses, like.period_days, like.lens_names)
        frame.attrs[PERIOD_DAYS] = like.period_days
        return frame
    chosen = settings or LensesConfig()
    if lenses is not None:
        _check_lenses(lenses, chosen)
    if lenses is None or TASTE in lenses:
        chosen = lens_room.with_taste(log, moment, chosen)
    period = period_days or period_at(log, moment, TrainConfig(lenses=chosen))
    frame = lens_room.features_at(log, moment, chosen, period, lenses)
    frame.attrs[PERIOD_DAYS] = period
    return frame


def segments(
    log: Tables, cutoff: Cutoff, *, lenses: Sequence[str] | None = None, settings: LensesConfig | None = None
) -> pd.DataFrame:
    """Name the segment of every customer by each lens, learned from the customers of the log at the cutoff.

    Parameters
    ----------
    log, cutoff, lenses, settings
        As for `features`.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`, sorted; a text column for each segment of docs/lenses.md.

    Examples
    --------
    >>> import patronage as pt
    >>> log = pt.read(pt.example_orders())
    >>> pt.segments(log, "2024-01-01", lenses=["status"]).loc["c020"].tolist()
    ['regular']
    """
    chosen = settings or LensesConfig()
    moment = _moment_of(log, cutoff)
    frame = features(log, moment, lenses=lenses, settings=chosen)
    earlier = earlier_of(log, moment, chosen)
    return lens_room.segments(frame, lens_room.fit(frame, chosen, earlier))


def outcomes(
    log: Tables,
    cutoff: Cutoff,
    horizon_days: int,
    *,
    lookback_days: int | None = None,
    target: str | Sequence[str] = (),
) -> pd.DataFrame:
    """What every customer known before the cutoff did in `[cutoff, cutoff + horizon)`: labels to learn from.

    Parameters
    ----------
    log, cutoff
        As for `features`.
    horizon_days
        Length of the window. The log must reach its end.
    lookback_days
        `churned` is known of customers with an order in so many days before the cutoff; by default ever.
    target
        Further labels, as for `train`: `did_event_upgrade` is 1.0 where the customer did it in the window.

    Returns
    -------
    DataFrame
        Indexed like `features` at the same cutoff: `orders` (days with an order), `spend` (less refunds) and
        `churned` (1.0 without an order, 0.0 with one, missing for a customer who had none before).

    Raises
    ------
    ConfigError
        The log ends before the window does, or the window has no day.

    Examples
    --------
    >>> import patronage as pt
    >>> log = pt.read(pt.example_orders())
    >>> pt.outcomes(log, "2024-01-01", horizon_days=90).loc["c020"].tolist()
    [2.0, 48.16, 0.0]

    And whether each of them bought in a category:

    >>> orders = pt.example_orders()
    >>> log = pt.read(orders.assign(category=["tea" if amount > 25 else "bread" for amount in orders["amount"]]))
    >>> pt.outcomes(log, "2024-01-01", 90, target="category:tea")["did_category_tea"].sum().item()
    3.0
    """
    moment = _moment_of(log, cutoff)
    if not isinstance(horizon_days, int) or horizon_days < 1:
        raise ConfigError(f"horizon_days={horizon_days!r}; expected a whole number of days, 1 or more")
    if not when.is_observed(moment, horizon_days, log.last):
        raise ConfigError(
            f"the log ends on {log.last:%Y-%m-%d}, before {horizon_days} days from {moment:%Y-%m-%d} are over; "
            "give an earlier cutoff or a shorter horizon_days"
        )
    customers = features(log, moment, lenses=["rfm"]).index
    labels = labels_at(log, moment, horizon_days, lookback_days, customers)
    acts = chosen_acts(target)
    check_acts(log, acts)
    return labels.join(act_labels(log, moment, horizon_days, acts, customers))


def train(
    log: Tables,
    cutoff: Cutoff,
    horizon_days: int = 180,
    *,
    target: str | Sequence[str] = (),
    overrides: Sequence[str] = (),
    track: bool = False,
) -> Run:
    """Fit every model on what was known at the cutoff, measure them on later time, and assign every customer.

    Parameters
    ----------
    log, cutoff
        As for `features`.
    horizon_days
        Churn, orders and spend are predicted for `[cutoff, cutoff + horizon)`.
    target
        What else is predicted for that window, of every customer: "event:upgrade", "category:Bread" (or product, brand,
        channel), one or several. Column `p_event_upgrade`, with `event_upgrade_reasons`.
    overrides
        Further settings, in the words of the command line: `["personas.k=4", "churn=lightgbm"]`;
        `patronage train --help` lists them.
    track
        Log the run to MLflow, as `patronage train` does: in the store of `tracking.uri`, by default
        mlruns/mlflow.db of the project.

    Raises
    ------
    ConfigError, DataError, FitError
        With one line that says what was found, what was expected and what to do.

    Examples
    --------
    >>> import patronage as pt
    >>> log = pt.read(pt.example_orders())
    >>> run = pt.train(log, cutoff="2024-01-01", horizon_days=90)
    >>> run.assignments.loc["c020", "status_segment"]
    'regular'
    """
    from patronage.jobs.compose import settings

    if isinstance(overrides, str | Mapping) or not all(isinstance(word, str) for word in overrides):
        raise ConfigError(f'overrides={overrides!r}; expected a list of settings such as ["personas.k=4"]')
    if data := [word for word in overrides if word.lstrip("+~").startswith("data")]:
        raise ConfigError(f"{data[0]}: the log was read already; give such settings to patronage.read")
    moment = _moment_of(log, cutoff)
    here = ["data=tables", "data.transactions.path=memory", f"cutoff={moment:%Y-%m-%d}", f"horizon_days={horizon_days}"]
    config: TrainConfig = settings("train", [*here, *overrides])
    if target:
        config = replace(config, target=[target] if isinstance(target, str) else list(target))
        config.check()
    config = replace(config, data=replace(config.data, name=log.source, max_staleness_days=log.max_staleness_days))
    if track:
        from patronage.jobs.train import train_and_log

        return train_and_log(log, config)
    split = split_at(log, moment, config)
    fits = FitCache()
    bundle = fit_bundle(split, config, left_censored=log.left_censored, fits=fits)
    frame = split.current.features
    assignments = bundle.assign(frame)
    days = daily_lines(log, moment)
    bundle = replace(bundle, reference=build_reference(frame.join(assignments), log.present, log.events, days))
    return Run(config, bundle, frame, assignments, measure(log, split, bundle, assignments, config, fits=fits))


def score(bundle: Bundle | str | Path, log: Tables, cutoff: Cutoff, *, horizons: Sequence[int] = ()) -> pd.DataFrame:
    """Assign every customer of a log by a bundle that was trained before.

    Parameters
    ----------
    bundle
        Or the folder that `Bundle.save` wrote.
    log, cutoff
        As for `features`.
    horizons
        Further horizons in days, up to `clv.value_horizon_days` of the training: `p_order_30d`,
        `expected_orders_30d` and `expected_spend_30d` for 30, and when the next order comes (`next_order_days_p50`).

    Returns
    -------
    DataFrame
        Indexed by `customer_id`, sorted: `cutoff`, and the columns of docs/assignments.md.

    Raises
    ------
    ConfigError
        The bundle was trained on days from the cutoff on, so that it knows what came later.

    Examples
    --------
    >>> import patronage as pt
    >>> log = pt.read(pt.example_orders())
    >>> run = pt.train(log, cutoff="2024-01-01", horizon_days=90)
    >>> pt.score(run.bundle, log, cutoff="2024-03-01").loc["c020", "status_segment"]
    'regular'
    """
    fitted = Bundle.load(Path(bundle)) if isinstance(bundle, str | Path) else bundle
    _check_bundle("bundle", fitted)
    moment = _moment_of(log, cutoff)
    learned_to = fitted.reference.days.last if fitted.reference and fitted.reference.days else None
    if learned_to and not when.is_past(learned_to, moment):
        raise ConfigError(
            f"the bundle was trained on days up to {learned_to:%Y-%m-%d}: it knows what came after "
            f"cutoff={moment:%Y-%m-%d}; give a later cutoff, or a bundle of that day"
        )
    assignments = fitted.assign(features(log, moment, like=fitted), horizons=horizons)
    assignments.insert(0, c.CUTOFF, pd.Timestamp(moment))
    return assignments


def _moment_of(log: Tables, cutoff: Cutoff) -> datetime:
    """The cutoff as a moment of this log.

    Raises
    ------
    ConfigError
        `log` is something else, a frame of orders perhaps; or the cutoff is no date or lies outside the log.
    """
    if not isinstance(log, Tables):
        raise ConfigError(
            f"log is a {type(log).__name__}; expected what patronage.read gives, such as "
            'patronage.read(orders, customer_id="...", ordered_at="...", amount="...")'
        )
    moment = when.parse(str(cutoff))
    when.check_inside(moment, log.first, log.last, log.max_staleness_days)
    return moment


def _check_bundle(name: str, bundle: object) -> None:
    if not isinstance(bundle, Bundle):
        hint = "; give its .bundle" if isinstance(bundle, Run) else ""
        raise ConfigError(f"{name} is a {type(bundle).__name__}; expected a Bundle{hint}")


def _check_lenses(names: Sequence[str], settings: LensesConfig) -> None:
    known = [lens.name for lens in lens_room.of(settings)]
    if isinstance(names, str) or not names or set(names) - set(known):
        raise ConfigError(f"lenses={names!r}; expected a list of names among {', '.join(known)}")
