"""Records of what was decided about a CLV model: the laws and covariates that were compared, and the fallbacks."""

from __future__ import annotations

from dataclasses import dataclass

SWITCHED, LEFT_EMPTY = "switched", "left_empty"


@dataclass(frozen=True)
class Decision:
    """
    What was done about an unacceptable model.

    Parameters
    ----------
    finding
        Why: the finding's name.
    action
        switched or left_empty.
    message
        In words, for the run and for the customer's flags.
    columns_left_empty
        The columns without values.
    """

    finding: str
    action: str
    message: str
    columns_left_empty: tuple[str, ...] = ()


@dataclass(frozen=True)
class LawCandidate:
    """
    A law that was compared with others at an earlier origin.

    Parameters
    ----------
    model
        Its name.
    log_score
        Mean of minus the log of the probability of the observed number of orders: less is better. None without a fit.
    behind
        Its distance to the best log score.
    standard_error
        Of `behind`, over customers: a distance below two of these is not evidence.
    refused
        Why it has no fit; empty where it has.
    """

    model: str
    log_score: float | None
    behind: float | None
    standard_error: float | None
    refused: str = ""


@dataclass(frozen=True)
class CovariateTrial:
    """
    A covariate that was tried at an earlier origin.

    Parameters
    ----------
    covariate
        Its name.
    gain
        By how much the log score of the orders that came is better with it, a customer; less than 0: worse. None where
        it could not be tried.
    standard_error
        Of `gain`, over customers.
    p
        Of the likelihood ratio on the customers' histories: the chance of so much without an effect.
    included
        Whether it is in the law.
    refused
        Why it could not be tried; empty where it could.
    """

    covariate: str
    gain: float | None
    standard_error: float | None
    p: float | None
    included: bool
    refused: str = ""
