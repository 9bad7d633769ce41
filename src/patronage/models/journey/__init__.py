"""The journey: the stage of each customer, and the stages that follow, learned from the paths of earlier customers.

A path is one character a period from entry to the cutoff: silent, engage, intent, purchase, multi. A hidden stage makes
events more or less likely; each event may move the customer to another stage.

    stages.py           the stages, the event classes, and the rule that gives a posterior one label
    paths.py            strings to event codes
    parameters.py       the model
    filtering.py        the forward algorithm
    expectation.py      the E-step: forward-backward
    maximisation.py     the M-step, with the order of the purchase hazards
    prior.py            the start of the fit, its Dirichlet prior, and the zeros that define the stages
    summary.py          what the prior depends on
    em.py               the EM algorithm
    cadence_classes.py  the number of cadence classes
    prediction.py       the stages and orders that follow
    stays.py            the stages on display along the path
    calibration.py      a monotone map of P(an order)
    model.py            JourneyModel, the fitted value
    fit.py              from features to a JourneyModel
    estimator.py        Journey, the public estimator

`training/journey.py` decides on the length of a period and on the calibration.
"""

from patronage.models.journey.cadence_classes import CadenceCandidate, compare_classes, kappa
from patronage.models.journey.calibration import JourneyCalibration
from patronage.models.journey.em import count_paths
from patronage.models.journey.fit import fit
from patronage.models.journey.model import JourneyModel
from patronage.models.journey.stages import ALPHABET, STAGES, decide

__all__ = [
    # the model
    "JourneyCalibration",
    "JourneyModel",
    "fit",
    # stages and events
    "ALPHABET",
    "STAGES",
    "decide",
    # the number of cadence classes
    "CadenceCandidate",
    "compare_classes",
    "count_paths",
    "kappa",
]
