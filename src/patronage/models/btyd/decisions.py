"""What was decided about a CLV model and why: which law was chosen, what took whose place, what is not said."""

from __future__ import annotations

from dataclasses import dataclass

SWITCHED, ABSTAINED = "switched", "abstained"


@dataclass(frozen=True)
class Decision:
    """
    What was done about an unfit model.

    Parameters
    ----------
    finding
        Why: the finding's name.
    deed
        switched or abstained.
    said
        In words, for the run and for the customer's flags.
    silent
        Columns that are left empty.
    """

    finding: str
    deed: str
    said: str
    silent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """
    A law that was tried at an earlier origin.

    Parameters
    ----------
    model
        Its name.
    log_score
        Mean of minus the log of the probability of the number of orders that came: less is better. None where it has
        no fit.
    behind
        By how much it is behind the best.
    standard_error
        Of `behind`, over customers: a lead of less than two is none to speak of.
    refused
        Why it has no fit; empty where it has.
    """

    model: str
    log_score: float | None
    behind: float | None
    standard_error: float | None
    refused: str = ""
