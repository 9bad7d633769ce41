"""The axes of taste: learned from the log before a cutoff, and frozen as a text that the settings of the lens hold."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from patronage import cutoff as when
from patronage import names as c
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.data.contract import TRANSACTIONS
from patronage.lenses.taste_goods import goods_of_ends

log = logging.getLogger(__name__)

AXES = len(c.TASTES)
SCALE = 1_000_000  # of loadings, which are integers: their sums are the same in every order of the rows
LEAST_LINES = 5  # of a customer who shapes the axes
LEAST_CUSTOMERS = 50  # who shape them
LEAST_BUYERS = 5  # of each item
MOST_CUSTOMERS = 20_000
LEAST_KNOWN = 0.5  # of the lines, with a category, or else products tell more
LEAST_COVERED = 0.6  # of the lines, by the items of frozen axes, or else they are learned anew
STEADY = 0.8  # correlation of the places by one half of the customers and by the other, below which an axis is dropped
GROUPS, COMPONENTS = 20, 10  # groups of products, and the components in which they lie
NAMED_BY = 2  # items at each end of an axis


@dataclass(frozen=True)
class TasteAxes:
    """The frozen axes.

    Attributes
    ----------
    column
        `category` or `product_id`.
    items
        What counts; all else a customer buys says nothing here.
    loadings
        Two integers of each item, in millionths.
    middle
        The place of the mean mix on each axis.
    steady_axes
        How many axes are: the places on the others are missing.
    ends
        Of each axis, the items at its high end and at its low end, the farthest first.
    goods
        Of each axis, the items that a word stands for at its high end and at its low end (`taste_goods.py`).
    usual
        The share of spend that a usual customer has for them, in millionths.
    names
        What the products among the items are called, where the log tells: a code tells a reader nothing.
    """

    column: str
    items: list[str]
    loadings: list[list[int]]
    middle: list[int]
    steady_axes: int
    ends: list[list[list[str]]]
    goods: list[list[list[str]]] = field(default_factory=list)
    usual: list[list[int]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def named_ends(self) -> list[list[list[str]]]:
        """The ends in the names of the items."""
        return [[[self.names.get(item, item) for item in side] for side in axis] for axis in self.ends]

    @property
    def words(self) -> list[list[str]]:
        """Of each axis, what its high and its low goods are called: "beef", "goods like beef"; empty without goods.

        No two ends are called by one item: their goods are not the same.
        """
        taken: set[str] = set()
        return [[self._called(side, taken) for side in axis] for axis in self.goods] or [["", ""] for _ in self.ends]

    def _called(self, side: list[str], taken: set[str]) -> str:
        item = next((item for item in side if item not in taken), "")
        taken.add(item)
        called = plain(self.names.get(item, item))
        return f"goods like {called}" if called and len(side) > 1 else called

    def to_text(self) -> str:
        """JSON without a dollar sign, which the settings would read as a reference."""
        return json.dumps(asdict(self), separators=(",", ":")).replace("$", "\\u0024")

    @classmethod
    def of(cls, learned: str) -> TasteAxes:
        """What `to_text` gave."""
        return cls(**json.loads(learned))


def with_taste(tables: Tables, cutoff: datetime, config: LensesConfig) -> LensesConfig:
    """The settings with the axes of what was bought before the cutoff; axes that are there already stay.

    Frozen axes are learned anew where what they know is less than `LEAST_COVERED` of the lines. A log that tells too
    little of what was bought has none.
    """
    column = _column(tables, cutoff)
    if column is None:
        return config
    if config.taste.learned:
        frozen = TasteAxes.of(config.taste.learned)
        covered = _covered(tables, cutoff, frozen)
        if frozen.column == column and covered >= LEAST_COVERED:
            return config
        log.warning("the axes of taste are learned anew: most of what is bought now, they do not know")
    axes = _learn(tables, cutoff, column, config)
    return replace(config, taste=replace(config.taste, learned=axes.to_text() if axes else ""))


def plain(item: str) -> str:
    """A category or product as it stands in a sentence: a code such as 85123A stays as it is."""
    words = str(item).split()
    is_code = len(words) == 1 and any(letter.isdigit() for letter in words[0])
    return str(item) if is_code else " ".join(words).lower()


def goods_bought(tables: Tables, cutoff: datetime, config: LensesConfig) -> pd.DataFrame:
    """What customers bought before the cutoff: `customer_id`, `item`, `paid`; of a sample of them where there are many.

    A product goes by its name, where the log tells it.

    Empty where the log tells too little of what was bought.
    """
    if not config.taste.learned:
        return pd.DataFrame(columns=[c.CUSTOMER_ID, "item", "paid"])
    axes = TasteAxes.of(config.taste.learned)
    lines = _lines(tables, cutoff, axes.column)
    lines = lines.loc[lines["item"].isin(axes.items), [c.CUSTOMER_ID, "item", "paid"]]
    named = lines.assign(item=lines["item"].replace(axes.names))
    return named.groupby([c.CUSTOMER_ID, "item"], as_index=False, sort=False)["paid"].sum()


def item_groups(tables: Tables, cutoff: datetime, axes: TasteAxes) -> pd.Series:
    """Item to a group of items: a category is one of its own; products that are bought together are one.

    Products are grouped by the directions in which their shares correlate with the first components, learned from the
    log before the cutoff.
    """
    if axes.column == c.CATEGORY or len(axes.items) <= GROUPS:
        return pd.Series(axes.items, index=axes.items)
    from sklearn.cluster import KMeans  # imported here: features do not need it

    mixes = _mixes(tables, cutoff, axes.column, axes.items).roots
    mean, deviation = _moments(mixes)
    covariance = (mixes.T @ mixes).toarray() / mixes.shape[0] - np.outer(mean, mean)
    correlation = covariance / np.outer(deviation, deviation)
    m = len(axes.items)
    values, vectors = linalg.eigh(correlation, subset_by_index=[m - COMPONENTS, m - 1])
    places = vectors * np.sqrt(values)
    places /= np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-12)
    with threadpool_limits(1):
        groups = KMeans(GROUPS, n_init=5, random_state=0).fit(places).labels_
    return pd.Series(groups, index=axes.items)


def _column(tables: Tables, cutoff: datetime) -> str | None:
    """The column that tells what was bought."""
    present = tables.present.get(TRANSACTIONS.name, frozenset())
    columns = [name for name in (c.CATEGORY, c.PRODUCT_ID) if name in present]
    if not columns:
        return None
    counts = ", ".join(f"count({name}) AS {name}" for name in columns)
    known = tables.engine.frame(f"SELECT count(*) AS n, {counts} FROM transactions WHERE {_bought(tables, cutoff)}")
    shares = known.iloc[0] / max(known["n"].iloc[0], 1)
    return next((name for name in columns if shares[name] >= LEAST_KNOWN), None)


def _bought(tables: Tables, cutoff: datetime) -> str:
    return f"amount >= 0 AND {when.before(c.ORDERED_AT, cutoff, tables.engine)}"


def _covered(tables: Tables, cutoff: datetime, axes: TasteAxes) -> float:
    lines = tables.engine.frame(
        f"SELECT {axes.column} AS item, count(*) AS n FROM transactions WHERE {_bought(tables, cutoff)} "
        f"AND {axes.column} IS NOT NULL GROUP BY {axes.column}"
    )
    return float(lines.loc[lines["item"].isin(axes.items), "n"].sum() / max(lines["n"].sum(), 1))


def _learn(tables: Tables, cutoff: datetime, column: str, config: LensesConfig) -> TasteAxes | None:
    most = config.taste.categories if column == c.CATEGORY else config.taste.products
    buyers = tables.engine.frame(
        f"SELECT {column} AS item, count(DISTINCT customer_id) AS n FROM transactions WHERE {_bought(tables, cutoff)} "
        f"AND {column} IS NOT NULL GROUP BY {column} ORDER BY n DESC, item"
    )
    items = list(buyers.loc[buyers["n"] >= LEAST_BUYERS, "item"].head(most))
    if len(items) <= AXES:
        return None
    mixes, lines = _mixes(tables, cutoff, column, items)
    if mixes.shape[0] < LEAST_CUSTOMERS:
        return None
    directions = _directions(mixes)
    places = mixes @ directions
    half = np.random.default_rng(0).permutation(mixes.shape[0]) % 2
    halves = [mixes @ _directions(mixes[half == side]) for side in (0, 1)]
    steady = [abs(float(np.corrcoef(halves[0][:, a], halves[1][:, a])[0, 1])) >= STEADY for a in range(AXES)]
    steady_axes = steady.index(False) if False in steady else AXES
    if not steady_axes:
        return None
    loadings = np.rint(directions * SCALE).astype(int)
    middle = np.rint(np.asarray(mixes.mean(axis=0)).ravel() @ directions * SCALE).astype(int)
    ends = _ends(mixes, places, items)
    pulled = (places - places.mean(axis=0)) * (lines / (lines + config.taste.half_lines))[:, None]
    of_ends = [goods_of_ends(mixes, pulled[:, axis], directions[:, axis]) for axis in range(AXES)]
    goods = [[[items[j] for j in end.columns] for end in axis] for axis in of_ends]
    usual = [[round(end.usual * SCALE) for end in axis] for axis in of_ends]
    names = _names(tables, cutoff, items) if column == c.PRODUCT_ID else {}
    return TasteAxes(column, items, loadings.tolist(), middle.tolist(), steady_axes, ends, goods, usual, names)


def _names(tables: Tables, cutoff: datetime, items: list[str]) -> dict[str, str]:
    """The commonest name of each product before the cutoff; none where the log has no names."""
    if c.PRODUCT_NAME not in tables.present[TRANSACTIONS.name]:
        return {}
    names = tables.engine.frame(
        f"SELECT product_id AS item, product_name AS name, count(*) AS n FROM transactions "
        f"WHERE {_bought(tables, cutoff)} AND product_name IS NOT NULL GROUP BY product_id, product_name "
        "ORDER BY item, n DESC, name"
    )
    names = names[names["item"].isin(items)].drop_duplicates("item")
    return dict(zip(names["item"], names["name"], strict=True))


def _lines(tables: Tables, cutoff: datetime, column: str) -> pd.DataFrame:
    """A row per customer and item: what was paid, in minor units, and the lines; of a sample where there are many."""
    engine = tables.engine
    bought = _bought(tables, cutoff)
    (customers,) = engine.row(f"SELECT count(DISTINCT customer_id) FROM transactions WHERE {bought}")
    part = f" AND {engine.bucket(c.CUSTOMER_ID, parts)} = 0" if (parts := customers // MOST_CUSTOMERS) > 1 else ""
    return engine.frame(
        f"SELECT customer_id, {column} AS item, sum(amount) AS paid, count(*) AS n FROM transactions "
        f"WHERE {bought} AND {column} IS NOT NULL{part} GROUP BY customer_id, {column} ORDER BY customer_id, item"
    )


class _Mixes(NamedTuple):
    """(customers, items) square roots of the shares of spend, and (customers,) lines, of those who bought enough."""

    roots: sparse.csr_array
    lines: np.ndarray


def _mixes(tables: Tables, cutoff: datetime, column: str, items: list[str]) -> _Mixes:
    lines = _lines(tables, cutoff, column)
    lines = lines[lines["item"].isin(items)]
    of_customer = lines.groupby(c.CUSTOMER_ID)[["paid", "n"]].transform("sum")
    lines = lines[(of_customer["n"] >= LEAST_LINES) & (of_customer["paid"] > 0)]
    rows, _ = pd.factorize(lines[c.CUSTOMER_ID])
    columns = pd.Index(items).get_indexer(lines["item"])
    roots = np.sqrt(lines["paid"].to_numpy(float) / of_customer.loc[lines.index, "paid"].to_numpy(float))
    roots = sparse.csr_array((roots, (rows, columns)), shape=(rows.max() + 1 if len(rows) else 0, len(items)))
    return _Mixes(roots, np.bincount(rows, lines["n"].to_numpy(float), roots.shape[0]))


def _directions(mixes: sparse.csr_array) -> np.ndarray:
    """(items, AXES) principal components; the largest loading of each is positive."""
    n, m = mixes.shape
    mean = np.asarray(mixes.mean(axis=0)).ravel()
    covariance = (mixes.T @ mixes).toarray() / n - np.outer(mean, mean)
    _, vectors = linalg.eigh(covariance, subset_by_index=[m - AXES, m - 1])
    directions = vectors[:, ::-1]
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.sign(directions[largest, np.arange(AXES)])


def _ends(mixes: sparse.csr_array, places: np.ndarray, items: list[str]) -> list[list[list[str]]]:
    """Of each axis, the items whose shares rise with it most, and those whose shares fall most."""
    centred = places - places.mean(axis=0)
    covariances = mixes.T @ centred / mixes.shape[0]
    correlations = covariances / _moments(mixes)[1][:, None]
    ends = []
    for axis in range(AXES):
        order = np.argsort(-correlations[:, axis], kind="stable")
        ends.append([[items[j] for j in side[:NAMED_BY]] for side in (order, order[::-1])])
    return ends


def _moments(mixes: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """(items,) means and standard deviations."""
    mean = np.asarray(mixes.mean(axis=0)).ravel()
    squares = np.asarray(mixes.multiply(mixes).mean(axis=0)).ravel()
    return mean, np.sqrt(np.maximum(squares - mean**2, 1e-12))
