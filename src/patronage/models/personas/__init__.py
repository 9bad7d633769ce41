"""Personas: clusters of customers that behave alike, by scikit-learn's KMeans or GaussianMixture.

`preparation` says what the clustering sees, `choice` how many clusters are stable, `identity` which personas of an
earlier fit they carry on, `names` and `reasons` put them into words, `rules` gives them back in a few lines.
docs/personas.md explains all of it.
"""

from patronage.models.personas.choice import Candidate, Choice, agreements, relabel
from patronage.models.personas.identity import Matching
from patronage.models.personas.model import PersonaModel, carry_on, fit, match
from patronage.models.personas.rules import Rules, rules_of

__all__ = [
    # the fitted value
    "PersonaModel",
    "fit",
    # how many
    "Candidate",
    "Choice",
    "agreements",
    "relabel",
    # the same people next month
    "Matching",
    "carry_on",
    "match",
    # in a few lines
    "Rules",
    "rules_of",
]
