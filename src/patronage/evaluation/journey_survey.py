"""What a journey says of everyone at the cutoff: how they came there, where they stay, and where rules differ.

Nothing here needs what came after. Agreement with rules is no accuracy: no log knows true stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage import names as c
from patronage.models.journey import STAGES, JourneyModel, compare_classes, count_paths
from patronage.models.journey.stages import ALPHABET, AT_RISK, CHURNED, FIRST_TIME, LOYAL, NON_USER, PROSPECT, REGULAR

PATHS = 15
GROUPS = 12  # of the personas or channels, the largest
EVENTS = dict(zip(ALPHABET, ("silent", "engage", "intent", "purchase", "multi"), strict=True))

# The stages that say the same as a user status of the rule lens. A first_time customer of theirs bought on one day.
NEVER_BOUGHT = ("non_user", "prospect", "trial")
SAME = {
    **dict.fromkeys(NEVER_BOUGHT, (NON_USER, PROSPECT)),
    "first_time": (FIRST_TIME,),
    "regular": (REGULAR, LOYAL),
    "reactivated": (REGULAR, LOYAL),
    "at_risk": (AT_RISK,),
    "defector": (CHURNED,),
}


@dataclass(frozen=True)
class Findings:
    """Metrics and tables by name, and tags for what a reader must not miss."""

    metrics: dict[str, float] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def __or__(self, other: Findings) -> Findings:
        return Findings(self.metrics | other.metrics, self.tables | other.tables, self.tags | other.tags)


def describe(journey: JourneyModel, features: pd.DataFrame, said: pd.DataFrame, seed: int) -> Findings:
    """Tell where everyone is, how they came there, and where they stay.

    Parameters
    ----------
    said
        The assignments of `features`.
    """
    stays, outlook = journey.stays(features), journey.stage_details(features)
    steps = (features[c.JOURNEY_PATH].str.len() - 1).clip(lower=0).sum()
    conflicts = fact_conflicts(said, left_censored=journey.left_censored)
    visits = stays.groupby([stays.index, stays["stage"]]).size()
    returned = visits.groupby(level=0).max() > 1
    paths = outlook["stages_so_far"].value_counts().head(PATHS)
    found = {
        "journey/cadence_classes": float(journey.classes),
        "journey/half_split_kappa": half_split_kappa(journey, features, seed),
        "journey/flips_per_period": float(stays["ended"].sum() / max(steps, 1)),
        "journey/returned_share": float(returned.mean()) if len(returned) else float("nan"),
        "journey/undetermined_share": float(1 - outlook["enough_evidence"].mean()),
        "journey/differs_from_status": float(1 - same(said).mean()),
        "journey/fact_conflicts": float(conflicts.sum()),
        "journey/calibration_level": journey.calibration.level,
        "journey/calibration_log_slope": journey.calibration.log_slope,
    }
    return Findings(
        found,
        {
            "journey_transitions.json": journey.transition_table().rename_axis("from").reset_index(),
            "journey_stages.json": stage_table(journey, said[c.JOURNEY_STAGE], stays),
            "journey_flows.json": flows(journey, features, said[c.JOURNEY_STAGE]),
            **by_group(journey, said, stays, {c.PERSONA: c.PERSONA, c.CHANNEL: c.CHANNEL_SEGMENT}),
            **({"journey_classes.json": pd.DataFrame(journey.candidates)} if journey.candidates else {}),
            "journey_after.json": after_events(journey, features),
            "journey_paths.json": pd.DataFrame(
                {"path": paths.index, "customers": paths.to_numpy(), "share": paths.to_numpy() / max(len(said), 1)}
            ),
        },
        {"journey.facts": f"{conflicts.sum()} customers whose stage and status disagree on what they bought"}
        if conflicts.any()
        else {},
    )


def each(journey: JourneyModel, features: pd.DataFrame) -> pd.DataFrame:
    """What the assignments have no room for, a row per customer.

    Returns
    -------
    DataFrame
        The posterior of each stage, `stage_details`, P(being in the stage at some time within the horizon) as
        `reach_...`, and the most probable stage if a certain event comes next as `after_...`: an association, no
        effect of it.
    """
    beliefs = journey.filter(features)
    after = {
        f"after_{EVENTS[letter]}": journey.stages_after_event(beliefs, letter).idxmax(axis=1)
        for letter in seen_events(features)
    }
    reach = journey.stages_reached(beliefs, round(journey.horizon)).add_prefix("reach_")
    return pd.concat(
        [journey.stage_probabilities(beliefs), journey.stage_details(features), reach, pd.DataFrame(after)], axis=1
    )


def seen_events(features: pd.DataFrame) -> list[str]:
    """The letters of the alphabet that the paths hold, in its order."""
    paths = features[c.JOURNEY_PATH]
    return [letter for letter in ALPHABET if paths.str.contains(letter, regex=False).any()]


def after_events(journey: JourneyModel, features: pd.DataFrame) -> pd.DataFrame:
    """A row per event and stage: P(the stage that follows), if that event comes next. An association, no effect."""
    tables = {EVENTS[letter]: journey.transition_table(letter) for letter in seen_events(features)}
    return pd.concat(tables, names=["event", "from"]).dropna(how="all").reset_index()


def by_group(
    journey: JourneyModel, said: pd.DataFrame, stays: pd.DataFrame, groups: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Where customers are and where they get stuck, by the columns of `said` that tell more than one group apart."""
    found = {}
    for name, column in groups.items():
        if column not in said or said[column].nunique() < 2:
            continue
        often = said[column].value_counts().head(GROUPS).index
        group = said[column].where(said[column].isin(often)).dropna().rename("group")
        shares = pd.crosstab(group, said[c.JOURNEY_STAGE].loc[group.index], normalize="index")
        shares = shares.reindex(columns=STAGES, fill_value=0.0).assign(customers=group.value_counts())
        found[f"journey_{name}_stages.json"] = shares.reset_index()
        found[f"journey_{name}_stuck.json"] = stuck(stays[stays.index.isin(group.index)], group).reset_index()
    return found


def stage_table(journey: JourneyModel, stages: pd.Series, stays: pd.DataFrame) -> pd.DataFrame:
    """A row per stage: customers now, what the model says a stay lasts, and what stays on display last."""
    counts = stages.value_counts().reindex(STAGES, fill_value=0)
    return pd.DataFrame(
        {
            "stage": STAGES,
            "customers": counts.to_numpy(),
            "share": counts.to_numpy() / max(len(stages), 1),
            "dwell_periods": journey.dwell().to_numpy(),
            "shown_periods": lasting(stays).reindex(STAGES).to_numpy(),
        }
    )


def lasting(stays: pd.DataFrame, by: tuple[str, ...] = ("stage",)) -> pd.Series:
    """Periods on display per departure: the mean stay, were the chance of leaving the same in every period.

    Stays that have not ended count by what they have lasted; infinite where nobody ever left.
    """
    totals = stays.groupby(list(by), observed=True)[["periods", "ended"]].sum()
    return (totals["periods"] / totals["ended"]).rename("periods")


def stuck(stays: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """(groups, stages) mean stay in periods; a row per persona, or whatever else `group` tells apart."""
    named = stays.assign(group=group.reindex(stays.index).to_numpy())
    table = lasting(named, ("group", "stage")).reset_index().pivot_table("periods", "group", "stage", observed=True)
    return table.reindex(columns=[stage for stage in STAGES if stage in table]).rename_axis(group.name or "group")


def flows(journey: JourneyModel, features: pd.DataFrame, now: pd.Series) -> pd.DataFrame:
    """Customers by the stage that they had one horizon ago and the one they have now, of those known then."""
    before = features[c.JOURNEY_PATH].str[: -round(journey.horizon)]
    known = before[before.str.len() > 0]
    then = pd.Series(journey.predict({c.JOURNEY_PATH: known})[c.JOURNEY_STAGE], known.index)
    pairs = pd.DataFrame({"from": then, "to": now.reindex(known.index)}).value_counts().rename("customers")
    table = pairs.reset_index()
    return table.assign(share=table["customers"] / table.groupby("from")["customers"].transform("sum"))


def same(said: pd.DataFrame) -> NDArray[np.bool_]:
    """(N,) whether stage and status say the same."""
    pairs = {(status, STAGES[k]) for status, stages in SAME.items() for k in stages}
    return np.array([pair in pairs for pair in zip(said[c.STATUS_SEGMENT], said[c.JOURNEY_STAGE], strict=True)])


def fact_conflicts(said: pd.DataFrame, *, left_censored: bool) -> NDArray[np.bool_]:
    """(N,) whether stage and status disagree on a fact: never bought, or bought once.

    A log that begins after its customers cannot tell who bought once.
    """
    status, stage = said[c.STATUS_SEGMENT], said[c.JOURNEY_STAGE]
    never = status.isin(NEVER_BOUGHT) != stage.isin([STAGES[NON_USER], STAGES[PROSPECT]])
    if left_censored:
        return never.to_numpy()
    once = (status == "first_time") & stage.isin([STAGES[REGULAR], STAGES[LOYAL]])
    more = status.isin(["regular", "reactivated"]) & (stage == STAGES[FIRST_TIME])
    return (never | once | more).to_numpy()


def half_split_kappa(journey: JourneyModel, features: pd.DataFrame, seed: int) -> float:
    """Agreement of two fits on disjoint halves about customers whom neither saw; nan after a cold start."""
    if not journey.fitted:
        return float("nan")
    found = [one for one in journey.candidates if one.classes == journey.classes]
    if not found:
        counted, rng = count_paths(features[c.JOURNEY_PATH]), np.random.default_rng(seed)
        found = list(compare_classes(counted, [journey.classes], left_censored=journey.left_censored, rng=rng))
    return found[0].agreement
