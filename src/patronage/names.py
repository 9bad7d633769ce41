"""Every name that crosses a room, once: columns, metrics, tags and artifacts.

Column names stand at module level; SQL text names columns too, and nothing else in the package spells one.
"""

from __future__ import annotations

# transactions; the first three are required
CUSTOMER_ID = "customer_id"
ORDERED_AT = "ordered_at"
AMOUNT = "amount"
ORDER_ID = "order_id"
QUANTITY = "quantity"
DISCOUNT = "discount"
COUPON = "coupon"
COST = "cost"
PRODUCT_ID = "product_id"
CATEGORY = "category"
BRAND = "brand"
PRIVATE_LABEL = "private_label"
CHANNEL = "channel"
DEVICE = "device"
LOCATION = "location"

# events
OCCURRED_AT = "occurred_at"
EVENT = "event"
SESSION_ID = "session_id"
SUBJECT = "subject"
VALUE = "value"

# customers
USER_ID = "user_id"  # of an account, where accounts are the customers
SIGNED_UP_AT = "signed_up_at"
ACCOUNT_ID = "account_id"
ACQUISITION_CHANNEL = "acquisition_channel"

# Features that more than one room reads
FREQUENCY = "frequency"  # the BTYD summary, as the literature and lifetimes have it; all in days
RECENCY = "recency"
T = "T"
MONETARY_VALUE = "monetary_value"
N_ORDERS = "n_orders"
DAYS_SINCE_LAST_ORDER = "days_since_last_order"
REVENUE = "revenue"
NET_REVENUE = "net_revenue"
MEAN_ORDER_VALUE = "mean_order_value"
ACTIVE_DAYS = "active_days"
TENURE_DAYS = "tenure_days"
REPEAT_DAYS_PER_MONTH = "repeat_days_per_month"
N_GAPS = "n_gaps"
MEAN_GAP_DAYS = "mean_gap_days"
GAP_VARIATION = "gap_variation"
LATENESS = "lateness"
OCCASION_SHARE = "occasion_share"
LOYALTY_SALES = "loyalty_sales"
BASKET_SIZE = "basket_size"
DISCOUNT_SHARE = "discount_share"
COUPON_SHARE = "coupon_share"
OWN_LABEL_SHARE = "own_label_share"
RETURN_SHARE = "return_share"
NOVELTY = "product_novelty"
BROWSE_DAYS = "browse_days"
LOOKS_PER_ORDER = "looks_per_order"
PROOFS_PER_ORDER = "proofs_per_order"
ABANDONED_CARTS = "abandoned_carts"
OFFER_RESPONSE = "offer_response"
SHELF_PRICES = "shelf_prices"  # a line per category: unit price, purchase lines, category
LOYALTY_MIND = "loyalty_mind"  # psychological side of loyalty, 0 to 1
JOURNEY_PATH = "journey_path"  # one character a period from entry to the cutoff: . e i p m

# Segments: one text column a lens
RFM_SEGMENT = "rfm_segment"
RFM_SCORE = "rfm_score"
USAGE_SEGMENT = "usage_segment"
OCCASION_SEGMENT = "occasion_segment"
STATUS_SEGMENT = "status_segment"
VALUE_TIER = "value_tier"
ROYAL = "royal"
PURCHASE_SEGMENT = "purchase_segment"
BENEFIT_SEGMENT = "benefit_segment"
NEED_SEGMENT = "need_segment"
TOP_INTEREST = "top_interest"
SECOND_INTEREST = "second_interest"
ADJACENT_INTEREST = "adjacent_interest"
PROFILE = "profile_"  # and the attribute
ACCOUNT_SEGMENT = "account_segment"
OCCASION_PERIOD = "occasion_period"
BEST_CONTACT_WINDOW = "best_contact_window"
EXPECTED_NEXT_ORDER_DAYS = "expected_next_order_days"
SATISFACTION_SEGMENT = "satisfaction_segment"
LOYALTY_SEGMENT = "loyalty_segment"
ENGAGEMENT_SEGMENT = "engagement_segment"
PLATFORM_SEGMENT = "platform_segment"
CHANNEL_SEGMENT = "channel_segment"
ACQUISITION_SEGMENT = "acquisition_segment"
UNKNOWN = "unknown"  # the answer where there is no evidence

# Labels, over [cutoff, cutoff + horizon)
CHURNED = "churned"
ORDERS = "orders"
SPEND = "spend"

# Assignments
CUTOFF = "cutoff"
PERSONA_ID = "persona_id"
PERSONA = "persona"
PERSONA_PROBABILITY = "persona_probability"
PERSONA_RUNNER_UP = "persona_runner_up"
PERSONA_REASON = "persona_reason"
CHURN_PROBABILITY = "churn_probability"
CHURN_BAND = "churn_band"
CHURN_REASONS = "churn_reasons"  # three things that push the risk up (+), and one that holds it down (-), in words
P_ALIVE = "p_alive"
P_ORDER = "p_order"
EXPECTED_ORDERS = "expected_orders"
EXPECTED_ORDERS_LOW = "expected_orders_low"
EXPECTED_ORDERS_HIGH = "expected_orders_high"
EXPECTED_SPEND = "expected_spend"
CLV = "clv"
CLV_LOW = "clv_low"
CLV_HIGH = "clv_high"
EXPECTED_PROFIT = "expected_profit"  # of contacting the customer, in the currency
EXPECTED_PROFIT_LOW = "expected_profit_low"
EXPECTED_PROFIT_HIGH = "expected_profit_high"
ACTION = "action"  # contact, holdout (worth it, and left alone by lot) or leave
JOURNEY_STAGE = "journey_stage"
JOURNEY_PROBABILITY = "journey_probability"
NEXT_STAGE = "next_stage"
JOURNEY_P_ORDER = "journey_p_order"  # P(at least one order in the horizon), by the journey model
FLAGS = "flags"
RUN_ID = "run_id"
MODEL_VERSION = "model_version"

# Simulated truth: nothing in training reads these
TRUE_PERSONA = "true_persona"
TRUE_SHOPPER_TYPE = "true_shopper_type"
TRUE_BENEFIT = "true_benefit"
TRUE_LOYALTY = "true_loyalty"  # quadrant
TRUE_SATISFACTION = "true_satisfaction"  # 0 to 1
TRUE_EAGERNESS = "true_eagerness"  # to answer a survey, 0 to 1
TRUE_USAGE = "true_usage"
TRUE_OCCASION = "true_occasion"
TRUE_OCCASION_PERIOD_DAYS = "true_occasion_period_days"
TRUE_OCCASION_DAY = "true_occasion_day"  # ISO weekday, day of the month, day of the year
TRUE_INTEREST = "true_interest"  # the category of the highest affinity
TRUE_SECOND_INTEREST = "true_second_interest"
TRUE_AFFINITY = "true_affinity_"  # and the category
TRUE_TRAIT = "true_trait_"  # and the trait's name
TRUE_RATE = "true_rate"  # own orders (neither occasion nor offer) per day of exposure
TRUE_GAP_SHAPE = "true_gap_shape"  # gamma shape of the gaps: 1 is Poisson
TRUE_DROPOUT_RATE = "true_dropout_rate"  # deaths per day
TRUE_EXPOSURE_DAYS = "true_exposure_days"  # from the first order on, days of the active clock within the log
TRUE_MEAN_ORDER_VALUE = "true_mean_order_value"
TRUE_CHANNEL = "true_channel"
TRUE_DEVICE = "true_device"
TRUE_INTERESTED_AT = "true_interested_at"
TRUE_FADES_AT = "true_fades_at"
TRUE_LEFT_AT = "true_left_at"
TRUE_RETURNED_AT = "true_returned_at"
TRUE_LEFT_AGAIN_AT = "true_left_again_at"
TRUE_STAGE = "true_stage"
TRUE_WEEK = "true_week"  # number of the log's week, from 0
TRUE_WEEKS = "true_weeks"  # how many the stage lasts


class Metric:
    """Metrics of a run: MODEL/MEASURE, and MODEL/baseline_NAME/MEASURE for a baseline beside it."""


class Tag:
    """Tags of a run and of a registered model's version."""

    # every run
    KIND = "kind"  # train, sweep, backtest, search, score, analysis or comparison

    # training
    EVALUATED_FROM = "evaluated_from"  # the first day of the evaluated horizon, or none
    PERSONAS_STABLE = "personas.stable"
    PERSONAS_FORMER = "personas.former"  # the personas that these carry on
    PERSONAS_LEFT_OUT = "personas.left_out"  # features without values that differ
    CLV_CHOSEN = "clv.chosen"
    JOURNEY_FACTS = "journey.facts"
    JOURNEY_CALIBRATION = "journey.calibration"
    JOURNEY_WARNING = "journey.warning"
    CARTS_VERDICT = "carts.verdict"
    SESSIONS_VERDICT = "sessions.verdict"
    LEAKAGE_FINDING = "leakage.finding."  # and the feature

    @staticmethod
    def verdict(model: str) -> str:
        """How a model compares with its best baseline."""
        return f"verdict.{model}"

    @staticmethod
    def clv_finding(finding: str) -> str:
        """What the data or the fit show against an assumption of the CLV model."""
        return f"clv.finding.{finding}"

    @staticmethod
    def clv_decision(action: str, finding: str) -> str:
        """What was done about a finding: a switch to another model, or a value left empty."""
        return f"clv.{action}.{finding}"

    @staticmethod
    def churn_rate(origin: str) -> str:
        """The share of churned customers at an origin of the training."""
        return f"churn.rate_{origin}"

    @staticmethod
    def of_side(side: str, key: str) -> str:
        """The identity of the baseline or the candidate of a comparison."""
        return f"{side}.{key}"

    @staticmethod
    def gate(name: str) -> str:
        """The verdict of a promotion gate."""
        return f"gate.{name}"


class Artifact:
    """Files of a run, by their path among its artifacts; figures by their name in the folder `figures`."""

    # every run
    CONFIG = "config.yaml"

    # training
    ASSIGNMENTS = "assignments.parquet"
    FEATURES = "features.parquet"
    EVALUATION = "evaluation.parquet"  # labels and forecasts of the evaluated customers
    SCORECARD = "scorecard.json"
    STAGES = "stages.json"
    SPLIT = "split.json"
    LENSES = "lenses.json"
    CHURN_IMPORTANCE = "churn_importance.json"
    CLV_FINDINGS = "clv_findings.json"
    CLV_CHOICE = "clv_choice.json"
    CLV_DECISIONS = "clv_decisions.json"
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

    # promotion
    PROMOTION = "promotion.json"
