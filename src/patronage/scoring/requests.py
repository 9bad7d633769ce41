"""Rows that no lens makes, refused with a line that names the column.

A model that is served gets rows from anywhere. What is impossible would still be assigned something: a customer whose
last order lies before the first one, a count below zero, an amount without an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.errors import DataError
from patronage.typing import Mask

OF_EVERYONE = (c.N_ORDERS, c.ACTIVE_DAYS, c.NET_REVENUE)
OF_BUYERS = (c.FREQUENCY, c.RECENCY, c.T, c.MONETARY_VALUE, c.DAYS_SINCE_LAST_ORDER, c.TENURE_DAYS)
# Counts, lengths and shares: never below zero
NOT_NEGATIVE = re.compile(r"n_\w+|\w+_days|\w+_share|frequency|recency|T|dates_span|days_since_\w+|active_days\w*")
SHARE = re.compile(r"\w+_share")
LARGEST = 1e15  # of any number: money in minor units beyond it is no longer exact
LONGEST_DAYS = 73_000.0  # two hundred years
EXPECTED = "expected the features of `patronage.features`"


def with_ids(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their ids as the column `customer_id`, whether they stood there or in the index.

    Raises
    ------
    DataError
        They stand nowhere, or one is missing.
    """
    if c.CUSTOMER_ID not in rows:
        if rows.index.name != c.CUSTOMER_ID:
            raise DataError(f"{c.CUSTOMER_ID}: neither a column nor the index of the rows; {EXPECTED}")
        rows = rows.reset_index()
    missing = int(rows[c.CUSTOMER_ID].isna().sum())
    if missing:
        raise DataError(f"{c.CUSTOMER_ID}: missing in {missing} of {len(rows)} rows; expected the id of each customer")
    return rows


def check_rows(features: pd.DataFrame) -> None:
    """Refuse rows that no lens makes.

    Raises
    ------
    DataError
        One line: the column, how many rows, what is expected.
    """
    for name, bad, what in _findings(features):
        rows = int(bad.sum())
        if rows:
            raise DataError(f"{name}: {what} in {rows} of {len(features)} rows; {EXPECTED}")


def _findings(features: pd.DataFrame) -> Iterator[tuple[str, Mask, str]]:
    numbers = {name: _number(name, features[name]) for name in features if name != c.CUSTOMER_ID}
    numbers = {name: values for name, values in numbers.items() if values.dtype.kind == "f"}
    with np.errstate(invalid="ignore"):
        for name, values in numbers.items():
            yield name, np.isinf(values), "infinite"
            yield name, np.abs(values) > LARGEST, f"beyond {LARGEST:g}"
            if NOT_NEGATIVE.fullmatch(name):
                yield name, values < 0, "negative"
            if SHARE.fullmatch(name):
                yield name, values > 1, "a share above 1"
        for name in OF_EVERYONE:
            yield name, np.isnan(numbers[name]), "missing"
        buyers = numbers[c.N_ORDERS] > 0
        for name in OF_BUYERS:
            yield name, np.isnan(numbers[name]) & buyers, f"missing where {c.N_ORDERS} > 0 needs it,"
        recency, length, repeats = numbers[c.RECENCY], numbers[c.T], numbers[c.FREQUENCY]
        yield c.T, length > LONGEST_DAYS, "more than two hundred years"
        yield c.RECENCY, recency > length + 1e-6, "above T: the last order comes after the cutoff,"
        yield (
            c.FREQUENCY,
            repeats > recency + 1e-6,
            "above recency: more days with an order than days,",
        )
        yield c.FREQUENCY, (repeats == 0) & (recency > 1e-6), "0 although recency is above 0"
        yield c.FREQUENCY, repeats % 1 > 0, "no whole number of days"
        yield c.N_ORDERS, ~buyers & (repeats > 0), "0 although frequency is above 0"


def _number(name: str, values: pd.Series) -> np.ndarray:
    """A column as floats, or as it is where it is text."""
    if values.dtype.kind in "fiub":
        return values.to_numpy(np.float64)
    if isinstance(values.dtype, pd.StringDtype) or values.dtype == object:
        texts = values.dropna()
        if len(texts) and not all(isinstance(text, str) for text in texts):
            try:
                return values.to_numpy(np.float64, na_value=np.nan)
            except (TypeError, ValueError):
                raise DataError(f"{name}: neither numbers nor texts; {EXPECTED}") from None
    return values.to_numpy(object)
