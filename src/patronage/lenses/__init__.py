"""The ways of looking at a customer, joined to one feature table.

`features_at` makes features of everything before a cutoff, `fit` learns what segments need to know of the population,
`segments` names them. `of` lists the lenses of a configuration.
"""

from patronage.lenses.catalogue import available, described, of, own
from patronage.lenses.features import features_at, features_of, features_query, numeric
from patronage.lenses.fitted import FittedLenses, fit, segments
from patronage.lenses.history import WHOLE, History, Part
from patronage.lenses.lens import Feature, Labels, Lens, short
from patronage.lenses.relations import look_back
from patronage.lenses.returning import Earlier
from patronage.lenses.support import support
from patronage.lenses.taste_axes import goods_bought, with_taste

__all__ = [
    "WHOLE", "Earlier", "Feature", "FittedLenses", "History", "Labels", "Lens", "Part", "available", "described",
    "features_at", "features_of", "features_query", "fit", "goods_bought", "look_back", "numeric", "of", "own",
    "segments", "short", "support", "with_taste",
]  # fmt: skip
