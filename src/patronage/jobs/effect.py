"""`patronage effect`: what contacts drawn by lot changed, for whom, and whom the next one should reach."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from omegaconf import OmegaConf

from patronage import journal, tracking
from patronage import names as c
from patronage.config import EffectConfig
from patronage.config.places import project_root
from patronage.errors import OutputError
from patronage.evaluation.effects import customers_needed
from patronage.evaluation.simple_policies import learn
from patronage.jobs.effect_data import TrialData, trial_data
from patronage.models.effects.estimator import ContactEffects
from patronage.names import Artifact
from patronage.report import Report
from patronage.review.analysis_charts import charts_of
from patronage.review.analysis_figures import draw
from patronage.review.effect_figures import effect_drawings
from patronage.review.effect_report import effect_finding, effect_report
from patronage.review.record_page import with_record_page
from patronage.temporary import growing

RUN_KIND = "effect"


def run(config: EffectConfig) -> None:
    """Check the lot, estimate effects, value policies, and log one run of kind `effect`; or only plan an experiment.

    Raises
    ------
    DataError
        The table lacks a column, or the contacts were not drawn by lot.
    OutputError
        Something stands at the output.
    """
    started = time.time()
    if config.plan.rate is not None:
        _print_plan(config)
    if config.path is None and config.data is None:
        return
    if config.output is not None and Path(config.output).exists():
        raise OutputError(f"output={config.output}: something stands there; give another path")
    if config.model is not None and Path(config.model).exists():
        raise OutputError(f"model={config.model}: something stands there; give another folder")
    store = tracking.open_store(config.tracking, project_root())
    customers = trial_data(config, store)
    _print_costs(config, sorted(customers.features[config.arm].dropna().astype(str).unique()))
    journal.step("the lot, then effects of customers that the trees did not see")
    model = learn(
        _model(config, customers.propensity),
        customers.features,
        customers.outcome,
        customers.labels,
        customers.groups,
    )
    report = effect_report(
        model,
        customers.labels,
        customers.features,
        by_days=customers.by_days,
        contacts_before=customers.contacts_before,
    )
    record = _record(config, model, report, customers.source, started)
    with ExitStack() as results:  # whole beside their places before the run is logged, and there when it is
        if config.output is not None:
            place = results.enter_context(growing(Path(config.output), f"output={config.output}"))
            _recommended(model, customers).to_parquet(place)
        if config.model is not None:
            model.learned_.save(results.enter_context(growing(Path(config.model), f"model={config.model}")))
        run_id = tracking.log_run(store, record)
    print(record.tables[Artifact.EFFECTS_AVERAGE].to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    print(record.tables[Artifact.EFFECT_POLICIES].to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    print(f"\n{effect_finding(model)}")
    print(*report.messages, sep="\n")
    if config.model is not None:
        print(f"model        {config.model}: train with actions.effects={config.model} to act on it")
    print(f"report       {tracking.artifact(store, run_id, Artifact.REPORT)}")
    print(f"look at it   {tracking.run_link(store, run_id)}")


def _recommended(model: ContactEffects, customers: TrialData) -> pd.DataFrame:
    """What each customer is recommended: as of the last cutoff, where there are several."""
    rows = model.predict(customers.features.assign(**customers.labels))
    if customers.left_out is not None:  # of a table: its ids may stand there
        rows = pd.concat([customers.left_out, rows], axis=1)
    if customers.customers is None:
        return rows.reset_index() if rows.index.name else rows
    rows = rows.drop(columns=c.CUSTOMER_ID, errors="ignore")
    rows.insert(0, c.CUSTOMER_ID, customers.customers)
    return rows.drop_duplicates(c.CUSTOMER_ID, keep="last", ignore_index=True)


def _model(config: EffectConfig, propensity: str | None) -> ContactEffects:
    return ContactEffects(
        arm=config.arm,
        control=config.control,
        propensity=propensity,
        costs=dict(config.costs),
        learner=config.learner,
        folds=config.folds,
        confidence=config.confidence,
        seed=config.seed,
    )


def _record(
    config: EffectConfig, model: ContactEffects, report: Report, source: str, started: float
) -> tracking.RunRecord:
    finding, drawings = effect_finding(model), effect_drawings(report.tables)
    record = tracking.RunRecord(
        kind=RUN_KIND,
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description=finding,
        params={"path": source, "learner": config.learner, "customers": len(model.effects_)},
        metrics=report.metrics,
        tags={c.ARM: ", ".join(model.arms_)},
        tables=report.tables,
        figures={f"{name}.png": draw(drawing) for name, drawing in drawings.items()},
    )
    return with_record_page(record, "What contacts changed", report.messages, finding, charts=charts_of(drawings))


def _print_costs(config: EffectConfig, arms: list[str]) -> None:
    """Tell arms without a cost, and costs of arms that nobody got, such as a name that is mistyped."""
    if unknown := sorted(set(config.costs) - set(arms)):
        print(f"costs        nobody got {', '.join(unknown)}; the arms are {', '.join(arms)}")
    if free := [arm for arm in arms if arm != config.control and arm not in config.costs]:
        print(f"costs        not given of {', '.join(free)}: such a contact counts as free; give costs={{ARM: ...}}")


def _print_plan(config: EffectConfig) -> None:
    """How many customers each arm needs to show the smallest effect that pays."""
    plan = config.plan
    if plan.rate is None or plan.cost is None or plan.gain is None:
        return
    effect = plan.cost / plan.gain
    needed = customers_needed(plan.rate, effect, plan.power)
    print(
        f"plan         a contact of {plan.cost:g} pays from an effect of {100 * effect:.2f} points on; to see it with "
        f"power {plan.power:.0%} at 5 %, {needed:,} customers in each of two arms"
    )
