"""The files of a run, once."""

from __future__ import annotations


class Artifact:
    """Files of a run by their name.

    Figures lie in the folder `figures`, lists of customers in `lists`, tables in `tables` but for those of `FIRST`: in
    MLflow's page of a run a file is in sight only where few lie beside it.
    """

    # every run
    CONFIG = "config.yaml"
    METRICS = "metrics.json"  # every metric; MLflow shows as metrics those that a reviewer reads first

    # training
    ASSIGNMENTS = "assignments.parquet"
    ASSIGNMENTS_SAMPLE = "assignments_sample.json"  # a few of them, to look at
    ACTIONS = "actions.parquet"  # the next action of each customer; also of a scoring
    ACTIONS_BY_SEGMENT = "actions_by_segment.json"
    FEATURES = "features.parquet"
    EVALUATION = "evaluation.parquet"  # labels and forecasts of the evaluated customers
    SCORECARD = "scorecard.json"
    STAGES = "stages.json"
    SPLIT = "split.json"
    LENSES = "lenses.json"
    SEGMENTS = "segments.json"  # every label held against what its customers went on to do
    SEGMENT_COLUMNS = "segment_columns.json"
    SEGMENT_PROFITS = "segment_profits.json"
    SEGMENT_BENEFITS = "segment_benefits.json"
    SEGMENTS_ALIKE = "segments_alike.json"
    SEGMENTS_NARROW = "segments_narrow.json"
    CHURN_IMPORTANCE = "churn_importance.json"
    CLV_FINDINGS = "clv_findings.json"
    CLV_CHOICE = "clv_choice.json"
    CLV_COVARIATES = "clv_covariates.json"  # which were tried, and which are in the law
    CLV_EFFECTS = "clv_effects.json"  # of those in the law, on the rate and on leaving
    HOLIDAYS = "holidays.json"  # their effects on the orders of their days
    CLV_DECISIONS = "clv_decisions.json"
    TARGETS = "targets.json"  # the targets of a run: their measures beside baselines
    HORIZONS = "horizons.json"  # P(order) within 7, 30, 90, ... days beside what came
    NEXT_ORDER = "next_order.json"  # the days by which the next order was to come, beside when it came
    HORIZONS_FIGURE = "horizons.png"
    RFM_GRID_FIGURE = "rfm_grid.png"
    STAGE_COUNTS_FIGURE = "stage_counts.png"
    CHURN_IMPORTANCE_FIGURE = "churn_importance.png"
    CHURN_CALIBRATION_FIGURE = "churn_calibration.png"
    PROFIT_FIGURE = "profit.png"
    CLV_BY_DECILE_FIGURE = "clv_by_decile.png"
    CLV_P_ALIVE_FIGURE = "clv_p_alive.png"
    CLV_ORDER_VALUES_FIGURE = "clv_order_values.png"
    CLV_TRACKING_FIGURE = "clv_tracking.png"
    CLV_BY_FREQUENCY_FIGURE = "clv_by_frequency.png"
    CLV_COVERAGE_FIGURE = "clv_coverage.png"
    CLV_LORENZ_FIGURE = "clv_lorenz.png"

    @staticmethod
    def quarantine(table: str) -> str:
        """The rows of a table that the door refused."""
        return f"quarantine_{table}.parquet"

    # personas of a training
    PERSONAS = "personas.json"
    PERSONA_PROFILE = "persona_profile.json"
    PERSONA_SEGMENTS = "persona_segments.json"
    PERSONA_TYPICAL = "persona_typical.json"
    PERSONA_RULES = "persona_rules.json"
    PERSONA_LATER = "persona_later.json"
    PERSONA_CARDS = "persona_cards.json"
    PERSONA_CHOICE = "persona_choice.json"
    PERSONA_FEATURES = "persona_features.json"
    PERSONA_MATCHING = "persona_matching.json"  # with the former personas; in a comparison with the baseline's
    PERSONA_MATCHING_COSTS = "persona_matching_costs.json"
    PERSONA_PROFILE_FIGURE = "persona_profile.png"
    PERSONA_CHOICE_FIGURE = "persona_choice.png"

    # the journey of a training
    JOURNEYS = "journeys.parquet"
    JOURNEY_TRANSITIONS = "journey_transitions.json"
    JOURNEY_STAGES = "journey_stages.json"
    JOURNEY_FLOWS = "journey_flows.json"
    JOURNEY_CLASSES = "journey_classes.json"
    JOURNEY_AFTER = "journey_after.json"
    JOURNEY_PATHS = "journey_paths.json"
    JOURNEY_FORECASTS = "journey_forecasts.json"
    JOURNEY_ACTIVITY = "journey_activity.json"
    JOURNEY_TOUCHPOINTS = "journey_touchpoints.json"
    JOURNEY_STATUS = "journey_status.json"
    JOURNEY_MIX = "journey_mix.json"
    JOURNEY_MAP_FIGURE = "journey_map.png"
    JOURNEY_MIX_FIGURE = "journey_mix.png"

    @staticmethod
    def journey_stages_of(group: str) -> str:
        """Where the customers of each persona or channel are."""
        return f"journey_{group}_stages.json"

    @staticmethod
    def journey_stuck_of(group: str) -> str:
        """How long the customers of each persona or channel stay in each stage."""
        return f"journey_{group}_stuck.json"

    @staticmethod
    def journey_figure_of(group: str) -> str:
        """The same as a figure."""
        return f"journey_{group}.png"

    # sessions of a training
    SESSION_FORECASTS = "session_forecasts.json"
    SESSION_TOUCHPOINTS = "session_touchpoints.json"
    SESSION_PATHS = "session_paths.json"
    CART_FORECASTS = "cart_forecasts.json"
    ABANDONED_CARTS = "abandoned_carts.parquet"
    SESSION_TOUCHPOINTS_FIGURE = "session_touchpoints.png"

    # comparison
    REPORT = "report.html"
    GATES = "gates.json"
    CONFIG_DIFFERENCES = "config_differences.json"
    DATA_DIFFERENCES = "data_differences.json"
    DRIFT = "drift.json"  # also of a scoring
    METRIC_DIFFERENCES = "metric_differences.json"
    PAIRED_DIFFERENCES = "paired_differences.json"
    MIGRATION = "migration.json"
    AGREEMENT = "agreement.json"
    LARGEST_CHANGES = "largest_changes.json"
    MIGRATION_FIGURE = "migration.png"
    DRIFT_FIGURE = "drift.png"
    LORENZ_FIGURE = "lorenz.png"
    RELIABILITY_FIGURE = "reliability.png"
    METRIC_DIFFERENCES_FIGURE = "metric_differences.png"

    @staticmethod
    def moves_of(column: str) -> str:
        """The cross-table of a column of the assignments in two runs."""
        return f"{column}_moves.json"

    @staticmethod
    def flows_figure_of(column: str) -> str:
        """The same as a figure."""
        return f"{column}_flows.png"

    # scoring
    MOVEMENTS = "movements.json"  # customers by stage and persona, in the last result and in this one

    # a sweep
    SWEEP = "sweep.json"

    # backtest and search
    BACKTEST = "backtest.json"
    BACKTEST_ROWS = "backtest.parquet"
    RATIOS = "ratios.json"
    INTERVALS = "intervals.json"
    TRIALS = "trials.json"

    # effects of contacts
    EFFECTS_AVERAGE = "effects_average.json"
    EFFECT_POLICIES = "effect_policies.json"
    EFFECT_RANKING = "effect_ranking.json"
    EFFECT_BALANCE = "effect_balance.json"
    EFFECTS_BY_LABEL = "effects_by_label.json"
    EFFECT_SEPARATION = "effect_separation.json"
    EFFECTS_BY_DAYS = "effects_by_days.json"  # since the contact: how the effect fades
    EFFECTS_BY_PRESSURE = "effects_by_pressure.json"  # by how many contacts the customer had before

    # promotion
    PROMOTION = "promotion.json"

    FIRST = (
        METRICS, SCORECARD, PERSONAS, STAGES, ASSIGNMENTS_SAMPLE, SWEEP, BACKTEST, RATIOS, TRIALS, DRIFT,
        EFFECTS_AVERAGE, EFFECT_POLICIES,
    )  # fmt: skip

    @classmethod
    def path_of(cls, table: str) -> str:
        """Where a table lies among the artifacts of its run."""
        return table if table in cls.FIRST else f"tables/{table}"

    @staticmethod
    def list_of(name: str, kind: str) -> str:
        """Where a list of customers lies, as parquet or csv."""
        return f"lists/{name}.{kind}"
