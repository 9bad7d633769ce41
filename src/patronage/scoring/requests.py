"""Rows that no lens makes, refused with a line that names the column.

A model that is served gets rows from anywhere. What is impossible would still be assigned something: a customer whose
last order lies before the first one, a count below zero, an amount without an end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from patronage import names as c
from patronage.errors import DataError
from patronage.lenses import Feature
from patronage.typing import Mask

OF_EVERYONE = (c.N_ORDERS, c.ACTIVE_DAYS, c.NET_REVENUE)
OF_BUYERS = (
    c.FREQUENCY, c.RECENCY, c.T, c.MONETARY_VALUE, c.DAYS_SINCE_LAST_ORDER, c.TENURE_DAYS, c.OBSERVED_DAY
)  # fmt: skip
# Counts, lengths and shares: never below zero
NOT_NEGATIVE = re.compile(r"n_\w+|\w+_days|\w+_share|frequency|recency|T|dates_span|days_since_\w+|active_days\w*")
SHARE = re.compile(r"\w+_share")
LARGEST = 1e15  # of any number: money in minor units beyond it is no longer exact
LONGEST_DAYS = 73_000.0  # two hundred years
EXACT = 2**53  # from which a double does not hold every whole number
EXPECTED = "expected the features of `patronage.features`"


def with_ids(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their ids as texts in the column `customer_id`, whether they stood there or in the index.

    A whole number is its digits, as at the door: 17850 and 17850.0 are `17850`.

    Raises
    ------
    DataError
        They stand nowhere, one is missing, or one is neither a text nor a whole number.
    """
    if c.CUSTOMER_ID not in rows:
        if rows.index.name != c.CUSTOMER_ID:
            raise DataError(f"{c.CUSTOMER_ID}: neither a column nor the index of the rows; {EXPECTED}")
        rows = rows.reset_index()
    _check_given_once(c.CUSTOMER_ID, rows[c.CUSTOMER_ID])
    ids = _texts(c.CUSTOMER_ID, rows[c.CUSTOMER_ID])
    missing = int((ids == "").sum())
    if missing:
        raise DataError(f"{c.CUSTOMER_ID}: missing in {missing} of {len(rows)} rows; expected the id of each customer")
    return rows.assign(**{c.CUSTOMER_ID: ids})


def typed_features(rows: pd.DataFrame, features: Mapping[str, Feature]) -> pd.DataFrame:
    """The features of a request as lenses make them: numbers as floats, texts as texts.

    A number may be whole, a `Decimal`, nullable, true or false, or its digits as a text; a text may be a whole number.

    Parameters
    ----------
    features
        What the model reads, by name.

    Raises
    ------
    DataError
        One line: a feature that the rows do not have, or the first whose values cannot be read, or are missing although
        a lens always gives them, and in how many rows.
    """
    if absent := [name for name in features if name not in rows]:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        raise DataError(f"{', '.join(absent[:5])}{more}: no such column in the rows; {EXPECTED}")
    for name in features:
        _check_given_once(name, rows[name])
    read = {
        name: _texts(name, rows[name]) if feature.text else _numbers(name, rows[name])
        for name, feature in features.items()
    }
    for name, feature in features.items():
        missing = 0 if feature.absent is None else int(np.isnan(read[name]).sum())
        if missing:
            raise DataError(f"{name}: missing in {missing} of {len(rows)} rows; {EXPECTED}")
    return pd.DataFrame(read, index=rows.index)


def column_at_fault(
    rows: pd.DataFrame, features: Mapping[str, Feature], assign: Callable[[pd.DataFrame], object]
) -> str | None:
    """The one feature without which rows that cannot be assigned could be; None where it takes several.

    Not one of those that `check_rows` has looked through: without orders a customer is asked for less.
    """
    names = [name for name in features if name not in (*OF_EVERYONE, *OF_BUYERS)]

    def works(without: list[str]) -> bool:
        try:
            assign(rows.assign(**{name: _nothing(features[name]) for name in without}))
        except Exception:  # whatever a model ends with where it cannot read a column
            return False
        return True

    if not works(names):
        return None
    while len(names) > 1:
        half = names[: len(names) // 2]
        rest = names[len(half) :]
        if works(half):
            names = half
        elif works(rest):
            names = rest
        else:
            return None
    return names[0]


def _nothing(feature: Feature) -> object:
    """What a feature is where it tells nothing of the customer."""
    return "" if feature.text else (np.nan if feature.absent is None else feature.absent)


def _check_given_once(name: str, values: pd.Series | pd.DataFrame) -> None:
    """Refuse a column that the rows have twice: of two rows MLflow makes the name of the column, in both."""
    twice = isinstance(values, pd.DataFrame) or (values.dtype.kind not in "fiub" and values.eq(name).any())
    if twice:
        raise DataError(f"{name}: given twice, or the name of the column in place of a value; {EXPECTED}, each once")


def _numbers(name: str, values: pd.Series) -> np.ndarray:
    """A column as floats, NaN where it is missing."""
    if values.dtype.kind in "fiub" and isinstance(values.dtype, np.dtype):
        return values.to_numpy(np.float64)
    numbers, unreadable = np.full(len(values), np.nan), 0
    for row, (value, missing) in enumerate(zip(values.array, _missing(values), strict=True)):
        if missing:
            continue
        if not isinstance(value, (Real, Decimal, str, np.bool_)):
            unreadable += 1
            continue
        try:
            numbers[row] = float(value)
        except (ValueError, OverflowError):
            unreadable += 1
    if unreadable:
        raise DataError(f"{name}: no number in {unreadable} of {len(values)} rows; {EXPECTED}")
    return numbers


def _texts(name: str, values: pd.Series) -> ExtensionArray:
    """A column as texts, of the type that lenses give, empty where it is missing."""
    texts, unreadable = np.full(len(values), "", dtype=object), 0
    for row, (value, missing) in enumerate(zip(values.array, _missing(values), strict=True)):
        if missing:
            continue
        if isinstance(value, str):
            texts[row] = str(value)
        elif isinstance(value, (Real, Decimal)) and not isinstance(value, bool) and _is_whole(value):
            texts[row] = str(value) if isinstance(value, (int, np.integer)) else str(int(float(value)))
        else:
            unreadable += 1
    if unreadable:
        expected = "expected texts or whole numbers" if name == c.CUSTOMER_ID else EXPECTED
        raise DataError(f"{name}: neither a text nor a whole number in {unreadable} of {len(values)} rows; {expected}")
    return pd.array(texts, dtype="str")


def _is_whole(value: Real | Decimal) -> bool:
    """Whether a number is a whole one for certain: a large float has lost its last digits."""
    if isinstance(value, (int, np.integer)):
        return True
    number = float(value)
    return number.is_integer() and abs(number) < EXACT


def _missing(values: pd.Series) -> np.ndarray:
    """Where a value is missing; a list or a dict is not."""
    return np.array([pd.api.types.is_scalar(value) and bool(pd.isna(value)) for value in values.array], dtype=bool)


def check_rows(features: pd.DataFrame) -> None:
    """Refuse rows that no lens makes.

    Parameters
    ----------
    features
        Numbers and texts, as `typed_features` gives them.

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
    numbers = {
        name: features[name].to_numpy(np.float64)
        for name in features
        if name != c.CUSTOMER_ID and features[name].dtype.kind in "fiub"
    }
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
