"""The columns, once. SQL text names columns too, and nothing else in the package spells one."""

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
PRODUCT_NAME = "product_name"
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
TICKET_ID = "ticket_id"
SENDER = "sender"  # who in the company sends it

# customers
USER_ID = "user_id"  # of an account, where accounts are the customers
SIGNED_UP_AT = "signed_up_at"
ACCOUNT_ID = "account_id"
ACQUISITION_CHANNEL = "acquisition_channel"
ACQUISITION_COST = "acquisition_cost"
KNOWN_AT = "known_at"  # the moment from which on what a row says is known, where it is not the row's own
REFUNDED_AT = "refunded_at"  # the moment from which on a line is refunded, in part or whole

# contacts
CONTACTED_AT = "contacted_at"
ARM = "arm"  # what was sent, or control
CAMPAIGN = "campaign"
PROPENSITY = "propensity"  # the probability with which the lot gave this arm

# Features that more than one room reads
FREQUENCY = "frequency"  # the BTYD summary, as the literature and lifetimes have it; all in days
RECENCY = "recency"
T = "T"
OBSERVED_DAY = "observed_day"
MONETARY_VALUE = "monetary_value"
FIRST_ORDER_VALUE = "first_order_value"
N_ORDERS = "n_orders"
DAYS_SINCE_LAST_ORDER = "days_since_last_order"
REVENUE = "revenue"
NET_REVENUE = "net_revenue"
MEAN_ORDER_VALUE = "mean_order_value"
PROFIT = "profit"
ACTIVE_DAYS = "active_days"
TENURE_DAYS = "tenure_days"
ACTIVE_DAYS_RECENT = "active_days_recent"
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
WEEKEND_SHARE = "weekend_share"
EVENING_SHARE = "evening_share"
# Shares whose words claim a majority, and shares whose low word claims none at all
MAJORITY_SHARES = (
    WEEKEND_SHARE, EVENING_SHARE, "mobile_share", "desktop_share", "tablet_share", "site_share", "message_share",
    "person_share", "social_share", "satisfaction_signs",
)  # fmt: skip
NONE_SHARES = ("coupon_share", "offer_response", "response_rate", "return_share")
TASTES = ("taste_1", "taste_2")  # places on the axes of what is bought
TASTE_GOODS = ("taste_1_goods", "taste_2_goods")  # spend on the goods at the ends of the axes, above the usual
TOP_INTEREST = "top_interest"
SECOND_INTEREST = "second_interest"
ADJACENT_INTEREST = "adjacent_interest"
PROFILE = "profile_"  # and the attribute
ACCOUNT_SEGMENT = "account_segment"
OCCASION_PERIOD = "occasion_period"
BEST_CONTACT_WINDOW = "best_contact_window"
BEST_CONTACT_WEEKDAY = "best_contact_weekday"
EXPECTED_NEXT_ORDER_DAYS = "expected_next_order_days"
SATISFACTION_SEGMENT = "satisfaction_segment"
LOYALTY_SEGMENT = "loyalty_segment"
ENGAGEMENT_SEGMENT = "engagement_segment"
PLATFORM_SEGMENT = "platform_segment"
CHANNEL_SEGMENT = "channel_segment"
ACQUISITION_SEGMENT = "acquisition_segment"
NO_ORDER = "no order yet"  # in place of a persona, of a customer whose rhythm does not exist
NO_ORDER_ID = -1
UNKNOWN = "unknown"  # the answer where there is no evidence
UNKNOWN_ID = -2  # in place of a persona, of a customer who has shown nothing that personas see

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
MEDIAN_ORDERS = "median_orders"
EXPECTED_SPEND = "expected_spend"
EXPECTED_SPEND_LOW = "expected_spend_low"
EXPECTED_SPEND_HIGH = "expected_spend_high"
MEDIAN_SPEND = "median_spend"
CLV = "clv"
CLV_LOW = "clv_low"
CLV_HIGH = "clv_high"
MEDIAN_CLV = "median_clv"
EXPECTED_PROFIT = "expected_profit"  # of the recommended action, in the currency
EXPECTED_PROFIT_LOW = "expected_profit_low"
EXPECTED_PROFIT_HIGH = "expected_profit_high"
EXPECTED_PROFIT_BASIS = "expected_profit_basis"  # learned from contacts by lot, or assumed
ACTION = "action"  # of the catalogue, or leave_alone
JOURNEY_STAGE = "journey_stage"
JOURNEY_PROBABILITY = "journey_probability"
NEXT_STAGE = "next_stage"
JOURNEY_P_ORDER = "journey_p_order"  # P(at least one order in the horizon), by the journey model
FLAGS = "flags"
RUN_ID = "run_id"
MODEL_VERSION = "model_version"

# Next actions, beside the action and its expected profit
WHY = "why"
BASIS = "basis"  # of the expected profit: learned from contacts by lot, or assumed
WHEN = "when"
CONTENT = "content"  # the key of the text to send: the action and the benefit sought
HOLDOUT = "holdout"  # whether the lot of the action leaves the customer alone
EXPECTED_COST = "expected_cost"  # of the action, the offer with its probability of being taken
CART = "cart"  # open: filled in the last week, and no order since
MESSAGES = "messages"  # sent lately
PERSONAL_DATE = (
    "personal_date"  # the name of a date of the customer's that comes back: birthday, signed_up, first_order
)
PERSONAL_DAY = "personal_day"  # when it comes back

# The contract that runs, with churn=contractual
CONTRACT_DAYS = "contract_days"
CONTRACT_PAYMENTS = "contract_payments"
CONTRACT_GAP = "contract_gap_days"
DAYS_SINCE_PAYMENT = "days_since_payment"
CONTRACT_PAYMENT = "contract_payment"

# Contracts, by the estimator of their lifetimes
RENEWALS = "renewals"
PAYMENT = "period_payment"  # each period
P_RENEWAL = "p_renewal"
EXPECTED_RENEWALS = "expected_renewals"
EXPECTED_RENEWALS_LOW = "expected_renewals_low"
EXPECTED_RENEWALS_HIGH = "expected_renewals_high"
EXPECTED_REMAINING_MONTHS = "expected_remaining_months"
CONTRACT_VALUE = "contract_value"
CONTRACT_VALUE_LOW = "contract_value_low"
CONTRACT_VALUE_HIGH = "contract_value_high"
MEDIAN_CONTRACT_VALUE = "median_contract_value"

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


def at_horizon(column: str, days: int) -> str:
    """The column of a prediction for a horizon that was asked for: p_order_30d."""
    return f"{column}_{days}d"


def act_days(act: str) -> str:
    """The feature of how many days a customer did an act that a run predicts: days_with_event_upgrade."""
    return f"days_with_{act}"


def act_recent_days(act: str) -> str:
    """The same of the last quarter of a year: recent_days_with_event_upgrade."""
    return f"recent_days_with_{act}"


def days_since_act(act: str) -> str:
    """The feature of how long ago the last of them was: days_since_event_upgrade."""
    return f"days_since_{act}"


def did_act(act: str) -> str:
    """The label, 1 where the customer did it in the horizon: did_event_upgrade."""
    return f"did_{act}"


def p_act(act: str) -> str:
    """The column of the probability of it: p_event_upgrade."""
    return f"p_{act}"


def act_reasons(act: str) -> str:
    """The column of what raises that probability (+) and lowers it (-): event_upgrade_reasons."""
    return f"{act}_reasons"


def effect_of(arm: str) -> str:
    """The column of what an arm changes for a customer: effect_mail."""
    return f"effect_{arm}"


def effect_low(arm: str) -> str:
    """The low end of its interval: effect_mail_low."""
    return f"effect_{arm}_low"


def effect_high(arm: str) -> str:
    """The high end of its interval: effect_mail_high."""
    return f"effect_{arm}_high"


def next_order_days(probability: float) -> str:
    """The column of the days by which the next order comes with a probability: next_order_days_p50."""
    return f"next_order_days_p{100 * probability:.0f}"
