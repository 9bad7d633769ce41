"""Where customers are on their journey, and what comes next, from the paths of earlier customers.

A customer's path is one character a period from entry to the cutoff: silent, engage, intent, purchase, multi.
Behind it stands a hidden stage that makes events more or less likely; each event may move the customer on.

    stages.py       the words, and the rule that gives a posterior one label
    paths.py        strings to event codes
    markov.py       the model and its two recursions
    reference.py    the same in NumPy, for the tests
    traits.py       what the archetype asks of the data
    archetype.py    the start of the fit, its prior, and the zeros that tie names to facts
    constraints.py  the M-step
    learning.py     EM
    selection.py    the number of cadence classes
    forecast.py     what comes next
    trace.py        the stages shown so far
    calibration.py  how far to believe P(an order), by earlier origins that agree
    model.py        Journey, the fitted value
    fitting.py      fit and calibrate, from tables to a Journey
"""

from patronage.models.journey.calibration import Calibration
from patronage.models.journey.fitting import calibrate, earlier, fit
from patronage.models.journey.learning import histogram
from patronage.models.journey.model import JourneyModel
from patronage.models.journey.selection import Candidate, assess, kappa
from patronage.models.journey.stages import ALPHABET, STAGES, choose_period, decide

__all__ = [
    # the model
    "Calibration",
    "JourneyModel",
    "calibrate",
    "earlier",
    "fit",
    # its words and rules
    "ALPHABET",
    "STAGES",
    "choose_period",
    "decide",
    # judging it
    "Candidate",
    "assess",
    "histogram",
    "kappa",
]
