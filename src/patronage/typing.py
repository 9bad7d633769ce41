"""The array types that rooms hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]  # a number per customer, unless a docstring says otherwise
Index = npt.NDArray[np.intp]  # positions of rows
Mask = npt.NDArray[np.bool_]
Columns: TypeAlias = Mapping[str, npt.ArrayLike] | pd.DataFrame  # equally long columns by name
