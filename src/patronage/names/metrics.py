"""The metrics of a run, once."""

from __future__ import annotations


class Metric:
    """Metrics of a run: MODEL/MEASURE, and MODEL/baseline_NAME/MEASURE for a baseline beside it.

    MODEL/unseen/... is measured on customers who were kept out of the fit.
    """

    @staticmethod
    def of(model: str, measure: str) -> str:
        """The name of one measure of one model."""
        return f"{model}/{measure}"

    @staticmethod
    def baseline(model: str, baseline: str, measure: str) -> str:
        """The name of the same measure of a baseline of that model."""
        return f"{model}/baseline_{baseline}/{measure}"

    @staticmethod
    def unseen(metric: str) -> str:
        """The name of a metric where it is measured on customers who were kept out of the fit."""
        return metric.replace("/", "/unseen/", 1)

    @staticmethod
    def difference_low(model: str, measure: str) -> str:
        """The name of the low end of a measure's difference to that of the best baseline, of 95 %."""
        return f"{model}/difference_low/{measure}"

    @staticmethod
    def difference_high(model: str, measure: str) -> str:
        """The name of the high end of it."""
        return f"{model}/difference_high/{measure}"

    @staticmethod
    def coverage(level: float, group: str = "") -> str:
        """The name of the coverage of CLV intervals of a level (0.8), and of a group of customers (`_repeat`)."""
        return f"clv/coverage_{100 * level:.0f}{group}"

    @staticmethod
    def spend_coverage(level: float, group: str = "") -> str:
        """The name of the coverage of the intervals of spend of a level (0.8), and of a group of customers."""
        return f"clv/spend_coverage_{100 * level:.0f}{group}"

    # evaluation: forecasts beside their baselines
    CHURN_LOG_LOSS = "churn/log_loss"
    CHURN_ROC_AUC = "churn/roc_auc"
    CHURN_ECE = "churn/ece"
    SPEND_RMSE = "clv/spend_rmse"
    JOURNEY_LOG_LOSS = "journey/log_loss"

    # evaluation: the distribution of orders by the CLV model
    COVERAGE_80 = "clv/coverage_80"
    CRPS = "clv/crps"
    LOG_SCORE = "clv/log_score"
    TOTAL_RATIO = "clv/total_ratio"
    TOTAL_COVERED_80 = "clv/total_covered_80"
    TOTAL_WIDTH_80 = "clv/total_width_80"
    SPEND_TOTAL_RATIO = "clv/spend_total_ratio"
    SPEND_TOTAL_COVERED_80 = "clv/spend_total_covered_80"
    SPEND_TOTAL_WIDTH_80 = "clv/spend_total_width_80"
    PERSONA_ORDERS_COVERED_80 = "personas/orders_total_covered_80"
    PERSONA_SPEND_COVERED_80 = "personas/spend_total_covered_80"

    # evaluation: P(order) at horizons within that of the training
    HORIZON_LARGEST_GAP = "horizons/largest_gap"

    # evaluation: personas
    PERSONA_K = "personas/k"
    PERSONA_STABLE = "personas/stable"
    PERSONA_LATER_BEHAVIOUR = "personas/later_behaviour"
    PERSONA_LATER_SPEND = "personas/later_spend"
    PERSONA_LATER_MIX = "personas/later_mix"
    PERSONA_STABILITY_ARI = "personas/stability_ari"
    PERSONA_STABILITY_JACCARD = "personas/stability_jaccard"
    PERSONA_POSTERIOR_ECE = "personas/posterior_ece"
    PERSONA_SILHOUETTE = "personas/silhouette"
    PERSONA_SMALLEST_SHARE = "personas/smallest_share"
    PERSONA_LARGEST_SHARE = "personas/largest_share"
    PERSONA_AMBIGUOUS_SHARE = "personas/ambiguous_share"
    PERSONA_BIC = "personas/bic"

    # evaluation: segments on trial
    SEGMENTS_TRIED = "segments/tried"
    SEGMENTS_HOLD = "segments/holds"
    SEGMENTS_SAY_NOTHING = "segments/says_nothing"
    SEGMENTS_TOO_FEW = "segments/too_few"
    SEGMENTS_NAME_FAILS = "segments/name_does_not_hold"

    @staticmethod
    def segments(verdict: str) -> str:
        """The name of the number of labels with a verdict."""
        return f"segments/{verdict.replace(' ', '_')}"

    # evaluation: the journey at the cutoff
    JOURNEY_CADENCE_CLASSES = "journey/cadence_classes"
    JOURNEY_HALF_SPLIT_KAPPA = "journey/half_split_kappa"
    JOURNEY_FLIPS_PER_PERIOD = "journey/flips_per_period"
    JOURNEY_RETURNED_SHARE = "journey/returned_share"
    JOURNEY_UNDETERMINED_SHARE = "journey/undetermined_share"
    JOURNEY_DIFFERS_FROM_STATUS = "journey/differs_from_status"
    JOURNEY_FACT_CONFLICTS = "journey/fact_conflicts"
    JOURNEY_CALIBRATION_LEVEL = "journey/calibration_level"
    JOURNEY_CALIBRATION_LOG_SLOPE = "journey/calibration_log_slope"

    # evaluation: the journey of unseen customers, in the horizon after
    JOURNEY_UNSEEN_NATS_PER_PERIOD = "journey/unseen/nats_per_period"
    JOURNEY_UNSEEN_ECE_BY_CHANCE = "journey/unseen/ece_by_chance"
    JOURNEY_UNSEEN_STAGES_IN_ORDER = "journey/unseen/stages_in_order"
    JOURNEY_UNSEEN_DIFFERS_FROM_STATUS = "journey/unseen/differs_from_status"
    JOURNEY_UNSEEN_STAGE_MIX_ERROR = "journey/unseen/stage_mix_error"

    # evaluation: sessions and carts
    SESSIONS_UNSEEN_SESSIONS = "sessions/unseen/sessions"
    CARTS_RETURNED_SHARE = "carts/returned_share"

    # backtest and search
    BACKTEST_CUSTOMERS = "backtest/customers"
    ORDERS_RMSE = "orders/rmse"
    BACKTEST_SPEND_RMSE = "spend/rmse"
    BACKTEST_SPEND_GINI = "spend/gini"
    SEARCH_ALL = "search/all"  # geometric mean of the ratios of losses to BTYD's, by the best settings
    SEARCH_BEFORE = "search/before"  # the same by the settings of the configuration
    SEARCH_TRIAL = "search/trial"

    # scoring
    SCORE_CUSTOMERS = "score/customers"
    SCORE_SECONDS = "score/seconds"
    SCORE_PASSES = "score/passes"

    @staticmethod
    def score_mean(column: str) -> str:
        """The mean of a prediction over the customers who have one."""
        return f"score/mean_{column}"

    @staticmethod
    def largest_drift(measure: str) -> str:
        """The largest psi, unseen or missing of all features and outputs."""
        return f"drift/{measure}_max"

    @staticmethod
    def score_moved(column: str) -> str:
        """The share of customers whose stage or persona moved since the last scoring."""
        return f"score/moved_{column}"

    # totals of all customers in the horizon
    EXPECTED_ORDERS = "expected/orders"
    EXPECTED_REVENUE = "expected/revenue"

    # what a reviewer reads first: the metrics that MLflow shows of a training, the others being in a table
    CHURN_UNSEEN_LOG_LOSS = "churn/unseen/log_loss"
    ORDERS_RMSE_OF_CLV = "clv/orders_rmse"
    SPEND_UNSEEN_RMSE = "clv/unseen/spend_rmse"
    SPEND_GINI = "clv/spend_gini"
    JOURNEY_UNSEEN_LOG_LOSS = "journey/unseen/log_loss"

    # analyses
    RETENTION_MONTH_1 = "retention/month_1"
    BEST_FIFTH_SHARE = "pyramid/best_fifth_share"
    PYRAMID_ROSE = "pyramid/rose"
    PYRAMID_FELL = "pyramid/fell"
    VOICE_STANDS_OUT = "voice/stands_out"
    VOICE_UNSOLVED = "voice/unsolved"
    LOST_SHARE = "lost/share"
    FEATURES_USED = "use/features"
    PREDICTABLE = "predictability/better_than_usual"
    OBSTACLES_CLEAR = "obstacles/found"
    PRESSURE_BEYOND_CAP = "pressure/beyond_cap"
    SEQUENCES_CLEAR = "sequences/found"
    CROSS_SELL_HIT_RATE = "cross_sell/hit_rate"
    CROSS_SELL_ABOVE_POPULARITY = "cross_sell/above_popularity"
    ADOPTION_EARLY = "adoption/early"

    @staticmethod
    def driver(target: str, measure: str) -> str:
        """The name of a measure of the search for what goes with a target."""
        return f"drivers/{target}/{measure}"

    @staticmethod
    def list_lift(name: str) -> str:
        """The name of the lift of a list: its share of customers who did it beside that of all."""
        return f"lists/{name}/lift"

    @staticmethod
    def tier_share(tier: str) -> str:
        """The name of the share of the buyers who are in a tier."""
        return f"pyramid/share_{tier}"

    # effects of contacts
    EFFECT_GAIN = "effect/gain_per_1000"  # of contacting by effect beside the best simple policy

    @staticmethod
    def effect(arm: str, measure: str) -> str:
        """The name of a measure of an arm: its average effect, or how well customers are ranked by it."""
        return f"effect/{arm}/{measure}"

    # a sweep
    SWEEP_CHILDREN = "sweep/children"

    @staticmethod
    def of_best(metric: str) -> str:
        """A metric of the child with the least loss."""
        return f"sweep/best/{metric}"

    # review: a training beside its baselines and its champion
    LEAKAGE_BEST_SINGLE_AUC = "leakage/best_single_auc"
    PERSONA_RULES_FIDELITY = "personas/rules_fidelity"
    PERSONA_RULES_USUAL = "personas/rules_usual"
    PERSONA_MOVED_BY_REFIT = "personas/moved_by_refit"
    EMPC = "decision/empc"
    EMPC_SHARE = "decision/empc_share"
    BEST_SHARE = "decision/best_share"

    @staticmethod
    def persona_matching(verdict: str) -> str:
        """The name of the number of personas that were kept, are new, or vanished."""
        return f"personas/{verdict}"

    # review: a comparison of two runs
    LARGEST_PSI = "drift/largest_psi"

    @staticmethod
    def migration(column: str, reason: str, measure: str) -> str:
        """The name of the share, or the change of CLV, of the customers who moved for a reason."""
        return f"migration/{column}/{reason.replace(' ', '_')}_{measure}"

    @staticmethod
    def agreement(column: str, step: str, measure: str) -> str:
        """The name of a measure of agreement of two labellings."""
        return f"agreement/{column}/{step}_{measure}"

    @staticmethod
    def difference(metric: str, end: str = "") -> str:
        """The name of the difference of a metric between two runs, and of an end of its interval (`_low`, `_high`)."""
        return f"difference/{metric.replace('/', '_')}{end}"


HEADLINES = (
    Metric.CHURN_LOG_LOSS,
    Metric.CHURN_ROC_AUC,
    Metric.CHURN_ECE,
    Metric.CHURN_UNSEEN_LOG_LOSS,
    Metric.ORDERS_RMSE_OF_CLV,
    Metric.SPEND_RMSE,
    Metric.SPEND_GINI,
    Metric.SPEND_UNSEEN_RMSE,
    Metric.TOTAL_RATIO,
    Metric.COVERAGE_80,
    Metric.JOURNEY_LOG_LOSS,
    Metric.JOURNEY_UNSEEN_LOG_LOSS,
    Metric.PERSONA_K,
    Metric.PERSONA_LATER_BEHAVIOUR,
    Metric.PERSONA_STABILITY_ARI,
    Metric.SEGMENTS_HOLD,
)
