"""`patronage promote`: make the model of a run the champion, if every gate holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from patronage import tracking
from patronage.config import PromoteConfig
from patronage.config.places import project_root
from patronage.errors import GateError
from patronage.evaluation.intervals import Resampling
from patronage.review import gates
from patronage.review.training_run import TrainingRun


def run(config: PromoteConfig) -> None:
    """Judge the candidate beside the champion, keep the verdict, and move the alias.

    Raises
    ------
    GateError
        A gate stands against it, and nothing forces it; or the champion is of another log.
    """
    store = tracking.find_store(config.tracking, project_root())
    candidate = tracking.read_run(store, config.run)
    store = tracking.with_model(store, candidate.registered_model)
    former = tracking.alias_version(store, config.alias)
    if not candidate.model_version:  # a child of a sweep
        candidate = replace(candidate, model_version=tracking.register_run(store, candidate.run_id))
    model = f"models:/{store.registered_model}/{candidate.model_version}"
    if former == candidate.model_version:
        print(f"{model} ({candidate.name}) is the {config.alias} already")
        return
    champion = None if former is None else tracking.read_run(store, f"models:/{store.registered_model}/{former}")
    _check_same_log(candidate, champion, config.alias, store.registered_model)
    results = gates.judge_gates(candidate, champion, config.gates, Resampling(config.bootstraps, config.seed))
    _print(candidate, champion, results)
    against = gates.stopping(results, config.gates)
    verdict = f"forced ({config.reason})" if against and config.force else "refused" if against else "promoted"
    if verdict != "refused":
        tracking.set_alias(store, config.alias, candidate.model_version, former)
    lines = {gate.gate: f"{gate.verdict}: {gate.measured or '-'} (required: {gate.required})" for gate in results}
    tracking.write_verdict(store, candidate.run_id, candidate.model_version, verdict, lines, gates.gate_table(results))
    if verdict == "refused":
        names = ", ".join(f"{gate.gate} {gate.verdict}" for gate in against)
        raise GateError(f"{model} stays what it is: {names}; force=true reason='...' promotes it all the same")
    after = f" after version {former}" if former else ""
    print(f"\n{config.alias:<12} {model}{after}: {verdict}")
    print(f"{'use it':<12} models:/{store.registered_model}@{config.alias}")


def _check_same_log(candidate: TrainingRun, champion: TrainingRun | None, alias: str, model: str) -> None:
    """Refuse a candidate of another log than the champion's: gates compare models of the same customers."""
    if champion is None:
        return
    new, former = candidate.params["data"], champion.params["data"]
    if new != former:
        own = f"patronage-{new}"
        raise GateError(
            f"{candidate.name} is of data={new}, the {alias} (version {champion.model_version}) of data={former}; "
            f"a log has a model of its own: train with tracking.registered_model={own}{'-1' * (own == model)} and "
            "promote there"
        )


def _print(candidate: TrainingRun, champion: TrainingRun | None, results: Sequence[gates.Gate]) -> None:
    """Both models, and a line per gate."""
    beside = f"{champion.name}, version {champion.model_version}" if champion else "no champion"
    print(f"{candidate.name}, version {candidate.model_version}, beside {beside}")
    for gate in results:
        limit = f" (required: {gate.required})" * (gate.verdict != gates.PASSED)
        print(f"  {gate.gate:<22}{gate.verdict:<17}{gate.measured}{limit}")
