"""The tags of a run and of a registered model, once."""

from __future__ import annotations


class Tag:
    """Tags of a run and of a registered model's version."""

    # every run
    KIND = "kind"  # train, sweep, backtest, search, score, analysis or comparison

    USER = "mlflow.user"
    DESCRIPTION = "mlflow.note.content"  # Markdown above everything else of the run
    PARENT = "mlflow.parentRunId"  # of a child of a sweep
    # MLflow's pages show no tag of its own prefix: nobody reads these, and each would push the description down
    MACHINE = "mlflow.patronage.machine"  # where its process runs
    PROCESS = "mlflow.patronage.process"  # which one it is there
    VERSIONS = "mlflow.patronage.package_versions"  # of the packages that numbers depend on
    JOB = "job"  # as the lines of its log name it
    OVERRIDES = "overrides"  # what a child of a sweep was started with

    # a sweep
    BEST_RUN = "best_run"  # the child with the least loss

    # scoring
    MODEL = "model"  # models:/NAME/VERSION
    MODEL_RUN = "model_run"  # the training run of the model
    OUTPUT = "output"
    RESUMED_PASSES = "resumed_passes"  # that an interrupted job had finished

    @staticmethod
    def warning(number: int) -> str:
        """A line that the job printed."""
        return f"warning.{number}"

    # a registered model, while a process moves one of its aliases on a server
    MOVING = "moving."  # and a number of its own

    # a registered version
    PROMOTION = "promotion"  # promoted, refused, forced or rolled back, and when

    @staticmethod
    def before(alias: str) -> str:
        """The version that had the alias before."""
        return f"{alias}.before"

    # training
    VERDICT = "how_good"  # which models are better than their best baseline, and which are not
    EVALUATED_FROM = "evaluated_from"  # the first day of the evaluated horizon, or none
    PERSONAS_STABLE = "personas.stable"
    PERSONAS_FORMER = "mlflow.patronage.personas_former"  # the personas that these carry on
    PERSONAS_LEFT_OUT = "personas.left_out"  # features without values that differ
    CLV_CHOSEN = "clv.chosen"
    JOURNEY_FACTS = "journey.facts"
    JOURNEY_CALIBRATION = "mlflow.patronage.journey_calibration"  # the page of the run has it as a sentence
    JOURNEY_WARNING = "journey.warning"
    CARTS_VERDICT = "carts.verdict"
    SESSIONS_VERDICT = "sessions.verdict"
    LEAKAGE_FINDING = "leakage.finding."  # and the feature

    @staticmethod
    def clv_finding(finding: str) -> str:
        """What the data or the fit show against an assumption of the CLV model."""
        return f"clv.finding.{finding}"

    @staticmethod
    def clv_decision(action: str, finding: str) -> str:
        """What was done about a finding: a switch to another model, or a value left empty."""
        return f"clv.{action}.{finding}"

    @staticmethod
    def of_side(side: str, key: str) -> str:
        """The identity of the baseline or the candidate of a comparison."""
        return f"{side}.{key}"

    @staticmethod
    def gate(name: str) -> str:
        """The verdict of a promotion gate."""
        return f"gate.{name}"
