"""Which segment columns carry the same information?"""

from __future__ import annotations

from itertools import combinations

import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from patronage.analyses.contract import Analysis, Drawing, Result, View

ALIKE = 0.5  # of mutual information: half of what one column tells is known from the other


def overlap(labels: pd.DataFrame) -> pd.DataFrame:
    """Adjusted mutual information of every two segment columns: 1 is the same information, 0 is none.

    Vinh, Epps and Bailey (2010). A column of one label only agrees with nothing and is left out.

    Returns
    -------
    DataFrame
        Square and symmetric, a row and a column per segment column.
    """
    names = [name for name in labels if labels[name].nunique() > 1]
    numbers = {name: pd.factorize(labels[name], sort=True)[0] for name in names}  # text would be sorted for each pair
    table = pd.DataFrame(1.0, index=names, columns=names)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            agreement = adjusted_mutual_info_score(numbers[first], numbers[second])
            table.loc[first, second] = table.loc[second, first] = agreement
    return table


def run(view: View, settings: object) -> Result:
    """The agreement of every two segment columns."""
    table = overlap(view.now.segments)
    result = Result(_told(table))
    shown = table.rename_axis("segment").reset_index()
    result.add("overlap", shown, Drawing("agreement", table))
    return result


def _told(table: pd.DataFrame) -> str:
    """Which two columns agree most, and how many pairs tell much the same."""
    pairs = {(first, second): table.loc[first, second] for first, second in combinations(table, 2)}
    if not pairs:
        return "There are no two segment columns to hold against each other"
    first, second = max(pairs, key=pairs.__getitem__)
    alike = sum(agreement >= ALIKE for agreement in pairs.values())
    return (
        f"{first} and {second} agree most: {pairs[first, second]:.2f}, where 1 is the same and 0 is chance; "
        f"{alike} of {len(pairs)} pairs agree by {ALIKE} or more and tell much the same"
    )


ANALYSIS = Analysis("overlap", "Which segment columns carry the same information?", run)
