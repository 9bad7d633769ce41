"""Personas: clusters of customers with similar behaviour, by scikit-learn's KMeans or GaussianMixture.

    preparation.py  from features to the points that are clustered
    labels.py       labels and declared attributes as columns of 0 and 1
    clusters.py     KMeans and GaussianMixture, as arrays
    choice.py       how many clusters are stable
    naming.py       a readable name for each persona
    reasons.py      why a customer has a persona, and what would change it
    rules.py        the personas as a few lines of rules
    matching.py     which personas of an earlier fit a later fit contains
    model.py        PersonaModel, the fitted value
    fit.py          from features to a PersonaModel
    estimator.py    Personas, the public estimator

`training/personas.py` decides how a refit carries on the personas of an earlier fit. docs/personas.md explains
all of it.
"""

from patronage.models.personas.choice import PersonaCandidate, PersonaChoice, consecutive_ari, refit_labels
from patronage.models.personas.fit import fit
from patronage.models.personas.matching import PersonaMatching
from patronage.models.personas.model import NO_PERSONA, PersonaModel
from patronage.models.personas.rules import SurrogateRules, surrogate_rules

__all__ = [
    # the fitted value, and what stands where a customer has none
    "NO_PERSONA",
    "PersonaModel",
    "fit",
    # the number of personas
    "PersonaCandidate",
    "PersonaChoice",
    "consecutive_ari",
    "refit_labels",
    # personas of an earlier fit
    "PersonaMatching",
    # in a few lines
    "SurrogateRules",
    "surrogate_rules",
]
