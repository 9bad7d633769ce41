"""Which lenses say the same of the customers?"""

from __future__ import annotations

import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score


def overlap(labels: pd.DataFrame) -> pd.DataFrame:
    """Adjusted mutual information of every two segment columns: 1 says the same, 0 says nothing of one another.

    Vinh, Epps and Bailey (2010). A column of one label only agrees with nothing and is left out.

    Returns
    -------
    DataFrame
        Square and symmetric, a row and a column per segment column.
    """
    names = [name for name in labels if labels[name].nunique() > 1]
    table = pd.DataFrame(1.0, index=names, columns=names)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            agreement = adjusted_mutual_info_score(labels[one], labels[other])
            table.loc[one, other] = table.loc[other, one] = agreement
    return table
