"""The journey of all customers at the cutoff: where they are, how long they stay, and where rules differ.

Nothing here needs labels. Agreement with rules is no accuracy: no log holds true stages.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.journey import STAGES, JourneyModel, compare_classes, count_paths
from patronage.models.journey.stages import ALPHABET, AT_RISK, CHURNED, FIRST_TIME, LOYAL, NON_USER, PROSPECT, REGULAR
from patronage.names import Artifact, Metric, Tag
from patronage.report import Report
from patronage.typing import Mask

PATHS = 15
GROUPS = 12  # of the personas or channels, the largest
EVENTS = dict(zip(ALPHABET, ("silent", "engage", "intent", "purchase", "multi"), strict=True))

# The stages that mean the same as a user status of the rule lens, where a first_time customer bought on one day.
NEVER_BOUGHT = ("non_user", "prospect", "trial")
SAME_MEANING = {
    **dict.fromkeys(NEVER_BOUGHT, (NON_USER, PROSPECT)),
    "first_time": (FIRST_TIME,),
    "regular": (REGULAR, LOYAL),
    "reactivated": (REGULAR, LOYAL),
    "at_risk": (AT_RISK,),
    "defector": (CHURNED,),
}


def describe(journey: JourneyModel, features: pd.DataFrame, assignments: pd.DataFrame, seed: int) -> Report:
    """Describe where the customers are, how they got there, and how long they stay.

    Parameters
    ----------
    features, assignments
        Of the customers at the cutoff, on one index.
    """
    stays, details = journey.stays(features), journey.stage_details(features)
    conflicts = fact_conflicts(assignments)
    steps = (features[c.JOURNEY_PATH].str.len() - 1).clip(lower=0).sum()
    visits = stays.groupby([stays.index, stays["stage"]]).size()
    returned = visits.groupby(level=0).max() > 1
    metrics = {
        Metric.JOURNEY_CADENCE_CLASSES: float(journey.classes),
        Metric.JOURNEY_HALF_SPLIT_KAPPA: half_split_kappa(journey, features, seed),
        Metric.JOURNEY_FLIPS_PER_PERIOD: float(stays["ended"].sum() / max(steps, 1)),
        Metric.JOURNEY_RETURNED_SHARE: float(returned.mean()) if len(returned) else float("nan"),
        Metric.JOURNEY_UNDETERMINED_SHARE: float(1 - details["enough_evidence"].mean()),
        Metric.JOURNEY_DIFFERS_FROM_STATUS: float(1 - agrees_with_status(assignments).mean()),
        Metric.JOURNEY_FACT_CONFLICTS: float(conflicts.sum()),
        Metric.JOURNEY_CALIBRATION_LEVEL: journey.calibration.level,
        Metric.JOURNEY_CALIBRATION_LOG_SLOPE: journey.calibration.log_slope,
    }
    tags = {}
    if conflicts.any():
        tags[Tag.JOURNEY_FACTS] = f"{conflicts.sum()} customers whose stage and status disagree on what they bought"
    return Report(metrics, _tables(journey, features, assignments, stays, details), tags)


def _tables(
    journey: JourneyModel, features: pd.DataFrame, assignments: pd.DataFrame, stays: pd.DataFrame, details: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    paths = details["stages_so_far"].value_counts().head(PATHS)
    frequent = {"path": paths.index, "customers": paths.to_numpy(), "share": paths.to_numpy() / max(len(features), 1)}
    tables = {
        Artifact.JOURNEY_TRANSITIONS: journey.transition_table().rename_axis("from").reset_index(),
        Artifact.JOURNEY_STAGES: stage_table(journey, assignments[c.JOURNEY_STAGE], stays),
        Artifact.JOURNEY_FLOWS: flows(journey, features, assignments[c.JOURNEY_STAGE]),
        **by_group(assignments, stays, {c.PERSONA: c.PERSONA, c.CHANNEL: c.CHANNEL_SEGMENT}),
    }
    if journey.candidates:
        tables[Artifact.JOURNEY_CLASSES] = pd.DataFrame(journey.candidates)
    tables[Artifact.JOURNEY_AFTER] = after_events(journey, features)
    tables[Artifact.JOURNEY_PATHS] = pd.DataFrame(frequent)
    return tables


def per_customer(journey: JourneyModel, features: pd.DataFrame) -> pd.DataFrame:
    """What the assignments have no room for, a row per customer.

    Returns
    -------
    DataFrame
        The posterior of each stage, `stage_details`, P(being in the stage at some time within the horizon) as
        `reach_...`, and the most probable stage if a certain event comes next as `after_...`: an association, no
        effect of it.
    """
    states = journey.filter(features)
    after = {
        f"after_{EVENTS[letter]}": journey.stages_after_event(states, letter).idxmax(axis=1)
        for letter in observed_events(features)
    }
    reach = journey.stages_reached(states, round(journey.horizon)).add_prefix("reach_")
    return pd.concat(
        [journey.stage_probabilities(states), journey.stage_details(features), reach, pd.DataFrame(after)], axis=1
    )


def observed_events(features: pd.DataFrame) -> list[str]:
    """The letters of the alphabet that the paths hold, in its order."""
    paths = features[c.JOURNEY_PATH]
    return [letter for letter in ALPHABET if paths.str.contains(letter, regex=False).any()]


def after_events(journey: JourneyModel, features: pd.DataFrame) -> pd.DataFrame:
    """A row per event and stage: P(the stage that follows), if that event comes next. An association, no effect."""
    tables = {EVENTS[letter]: journey.transition_table(letter) for letter in observed_events(features)}
    return pd.concat(tables, names=["event", "from"]).dropna(how="all").reset_index()


def by_group(assignments: pd.DataFrame, stays: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Where customers are and how long they stay, by each column of the assignments that has more than one group."""
    tables = {}
    for name, column in columns.items():
        if column not in assignments or assignments[column].nunique() < 2:
            continue
        largest = assignments[column].value_counts().head(GROUPS).index
        group = assignments[column].where(assignments[column].isin(largest)).dropna().rename("group")
        shares = pd.crosstab(group, assignments[c.JOURNEY_STAGE].loc[group.index], normalize="index")
        shares = shares.reindex(columns=STAGES, fill_value=0.0).assign(customers=group.value_counts())
        tables[Artifact.journey_stages_of(name)] = shares.reset_index()
        stuck_in = stuck(stays[stays.index.isin(group.index)], group)
        tables[Artifact.journey_stuck_of(name)] = stuck_in.reset_index()
    return tables


def stage_table(journey: JourneyModel, stages: pd.Series, stays: pd.DataFrame) -> pd.DataFrame:
    """A row per stage: its customers now, the length of a stay by the model, and that of the stays on display."""
    counts = stages.value_counts().reindex(STAGES, fill_value=0)
    return pd.DataFrame(
        {
            "stage": STAGES,
            "customers": counts.to_numpy(),
            "share": counts.to_numpy() / max(len(stages), 1),
            "dwell_periods": journey.dwell().to_numpy(),
            "shown_periods": mean_stay(stays).reindex(STAGES).to_numpy(),
        }
    )


def mean_stay(stays: pd.DataFrame, by: tuple[str, ...] = ("stage",)) -> pd.Series:
    """Periods on display per departure: the mean stay, were the chance of leaving the same in every period.

    Stays that have not ended count by what they have lasted; infinite where no customer ever left.
    """
    totals = stays.groupby(list(by), observed=True)[["periods", "ended"]].sum()
    return (totals["periods"] / totals["ended"]).rename("periods")


def stuck(stays: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """(groups, stages) mean stay in periods; `group` gives each customer's."""
    named = stays.assign(group=group.reindex(stays.index).to_numpy())
    table = mean_stay(named, ("group", "stage")).reset_index().pivot_table("periods", "group", "stage", observed=True)
    return table.reindex(columns=[stage for stage in STAGES if stage in table]).rename_axis(group.name or "group")


def flows(journey: JourneyModel, features: pd.DataFrame, stages: pd.Series) -> pd.DataFrame:
    """Customers by their stage one horizon ago and their stage now, of those who were known one horizon ago."""
    paths = features[c.JOURNEY_PATH].str[: -round(journey.horizon)]
    known = paths[paths.str.len() > 0]
    before = pd.Series(journey.predict({c.JOURNEY_PATH: known})[c.JOURNEY_STAGE], known.index)
    pairs = pd.DataFrame({"from": before, "to": stages.reindex(known.index)}).value_counts().rename("customers")
    table = pairs.reset_index()
    return table.assign(share=table["customers"] / table.groupby("from")["customers"].transform("sum"))


def agrees_with_status(assignments: pd.DataFrame) -> Mask:
    """(N,) whether stage and rule-based status mean the same."""
    pairs = {(status, STAGES[k]) for status, stages in SAME_MEANING.items() for k in stages}
    status, stage = assignments[c.STATUS_SEGMENT], assignments[c.JOURNEY_STAGE]
    return np.array([pair in pairs for pair in zip(status, stage, strict=True)])


def fact_conflicts(assignments: pd.DataFrame) -> Mask:
    """(N,) whether stage and status disagree on a fact of the log: never bought, or bought on one day only."""
    status, stage = assignments[c.STATUS_SEGMENT], assignments[c.JOURNEY_STAGE]
    never = status.isin(NEVER_BOUGHT) != stage.isin([STAGES[NON_USER], STAGES[PROSPECT]])
    first_only = (status == "first_time") & stage.isin([STAGES[REGULAR], STAGES[LOYAL]])
    several = status.isin(["regular", "reactivated"]) & (stage == STAGES[FIRST_TIME])
    return (never | first_only | several).to_numpy()


def half_split_kappa(journey: JourneyModel, features: pd.DataFrame, seed: int) -> float:
    """Agreement of two fits on disjoint halves about customers of neither; nan after a cold start."""
    if not journey.fitted:
        return float("nan")
    compared = [candidate for candidate in journey.candidates if candidate.classes == journey.classes]
    if not compared:
        counts, rng = count_paths(features[c.JOURNEY_PATH]), np.random.default_rng(seed)
        compared = list(compare_classes(counts, [journey.classes], rng=rng))
    return compared[0].agreement
