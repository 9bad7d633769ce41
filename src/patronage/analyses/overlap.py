"""Which segment columns carry the same information?"""

from __future__ import annotations

import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from patronage.analyses.contract import Analysis, Drawing, Result, View


def overlap(labels: pd.DataFrame) -> pd.DataFrame:
    """Adjusted mutual information of every two segment columns: 1 is the same information, 0 is none.

    Vinh, Epps and Bailey (2010). A column of one label only agrees with nothing and is left out.

    Returns
    -------
    DataFrame
        Square and symmetric, a row and a column per segment column.
    """
    names = [name for name in labels if labels[name].nunique() > 1]
    table = pd.DataFrame(1.0, index=names, columns=names)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            agreement = adjusted_mutual_info_score(labels[first], labels[second])
            table.loc[first, second] = table.loc[second, first] = agreement
    return table


def run(view: View, settings: object) -> Result:
    """The agreement of every two segment columns."""
    table = overlap(view.now.segments)
    result = Result("Lenses that agree tell one thing twice")
    shown = table.rename_axis("segment").reset_index()
    result.add("overlap", shown, Drawing("agreement", table))
    return result


ANALYSIS = Analysis("overlap", "Which segment columns carry the same information?", run)
