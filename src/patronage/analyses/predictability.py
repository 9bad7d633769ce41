"""Which behaviours can be predicted: each against the customer's own history, and against what is usual.

The last `since_days` are predicted from the time before them. Whether a customer does a thing is predicted by in how
many of the earlier spans of that length the customer did it, the last one apart; when and by which channel the last
order was by the shares of the customer's own earlier ones; how much and how long after the one before by the own
earlier mean. What is usual is predicted for everyone alike. All rates and borders are learned on other customers than
they are judged on (two halves by lot). Predictability is the share of the usual prediction's error that the own history
takes away: 0 is no better than the base, 1 is certain, below 0 the own history misleads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import ANY, BEGINNINGS, acts, commonest, is_act, sampled
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.config import PredictabilityConfig
from patronage.errors import DataError
from patronage.lenses import History
from patronage.names import Metric
from patronage.statistics import Z, false_discovery, log_losses, two_sided, wilson_interval
from patronage.typing import Array, Mask

LEVEL = 0.05
DRAWN = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)  # imagined orders at the usual shares
IMAGINED = 10.0  # customers at the usual share, in every cell of own history
DOES, WHICH, AMOUNT = "whether", "which", "how much"
EVERYONE = "everyone"
COLUMNS = ["by", "label", "kind", "behaviour", "customers", "usual", "predictability", "low", "high", "p_value"]
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS = (
    "CASE WHEN hour < 6 THEN 'night' WHEN hour < 12 THEN 'morning' WHEN hour < 18 THEN 'afternoon' ELSE 'evening' END"
)


def run(view: View, settings: PredictabilityConfig) -> Result:
    """Over all customers and by the labels held before; the customers whose next order is best known."""
    losses = [*_whether(view, settings), *_last_orders(view, settings)]
    if not losses:
        raise DataError(f"no behaviour of {settings.least} customers with {2 * view.since_days} days of history")
    before = view.before.segments if view.before is not None else pd.DataFrame()
    held = {name: before[name] for name in settings.segments if name in before}
    rows = []
    for kind, behaviour, frame in losses:
        rows.append((EVERYONE, EVERYONE, kind, behaviour, *_gain(frame)))
        for name, labels in held.items():
            for label, own in frame.groupby(labels.reindex(frame.index).fillna(c.UNKNOWN)):
                if len(own) >= settings.least:
                    rows.append((name, label, kind, behaviour, *_gain(own)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_value_adjusted"] = false_discovery(table.pop("p_value").to_numpy(np.float64))
    clear = table["p_value_adjusted"] < LEVEL
    better = np.where(table["predictability"] > 0, "better than usual", "worse than usual")
    table["verdict"] = np.where(clear, better, "no better than usual")
    table = table.sort_values(["by", "label", "predictability"], ascending=[True, True, False], ignore_index=True)
    return _told(table, _regulars(view, settings))


def _told(table: pd.DataFrame, regulars: pd.DataFrame) -> Result:
    result = Result()
    whole = table[table["by"] == EVERYONE].sort_values("predictability", ascending=False, ignore_index=True)
    most, least = whole.iloc[0], whole.iloc[-1]
    result.finding = (
        f"most predictable: {most['behaviour']} ({most['predictability']:.0%} [{most['low']:.0%}, {most['high']:.0%}] "
        f"of the usual error is taken away by the own history); least: {least['behaviour']} "
        f"({_percent(least['predictability'])} [{_percent(least['low'])}, {_percent(least['high'])}])"
    )
    shown = pd.concat([whole.head(8), whole.iloc[8:].tail(4)]).rename(
        columns={"behaviour": "label", "predictability": "value", "label": "of"}
    )
    axis = "share of the usual prediction's error that the own history takes away, with 95% interval"
    result.add("predictability", whole.drop(columns=["by", "label"]), Drawing("forest", shown, result.finding, axis))
    by = table[table["by"] != EVERYONE].reset_index(drop=True)
    if len(by):
        result.add("predictability_by", by)
    if len(regulars):
        result.lists["predictable_customers"] = regulars
    result.metrics[Metric.PREDICTABLE] = float((whole["verdict"] == "better than usual").sum())
    return result


def _gain(frame: pd.DataFrame) -> tuple[float, ...]:
    """Customers, the usual outcome, the share of the usual loss that is taken away with its interval, the p-value."""
    difference = (frame["usual_loss"] - frame["own_loss"]).to_numpy(np.float64)
    usual = max(float(frame["usual_loss"].mean()), 1e-12)
    value, error = difference.mean() / usual, difference.std(ddof=1) / np.sqrt(len(difference)) / usual
    p_value = float(two_sided(value / error)) if error > 0 else 1.0
    return (
        len(frame), float(frame["outcome"].mean()), float(value), float(value - Z * error), float(value + Z * error),
        p_value,
    )  # fmt: skip


def _half(customers: pd.Index, seed: int) -> Mask:
    return np.random.default_rng(seed).permutation(len(customers)) % 2 == 0


def _whether(view: View, settings: PredictabilityConfig) -> Sequence[tuple[str, str, pd.DataFrame]]:
    """Every act of the customer's own, done or not in the last span, from the spans before."""
    history, days = view.history, view.since_days
    sample = sampled(history, c.CUSTOMER_ID, settings.most_customers)
    ages = history.frame(f"SELECT customer_id, {history.age('start')} AS age FROM beginnings WHERE {sample} "
                         "ORDER BY customer_id", BEGINNINGS).set_index(c.CUSTOMER_ID)["age"]  # fmt: skip
    spans = (ages // days).clip(upper=settings.spans + 1)
    spans = spans[spans >= 2]  # one to be judged, and one before
    categories = commonest(history, c.CATEGORY, settings.categories) if history.has("transactions", c.CATEGORY) else []
    span = f"CAST(floor(({history.age('day')} - 1) * 1.0e0 / {days}) AS INTEGER)"
    rows = history.frame(
        f"SELECT DISTINCT customer_id, act, {span} AS span FROM acts "
        f"WHERE {is_act(ANY)} AND {history.age('day')} <= {days * (settings.spans + 1)} AND {sample}",
        acts(categories),
    )
    half = _half(spans.index, view.seed)
    losses = []
    for act, own in rows.groupby("act"):
        did = pd.crosstab(own[c.CUSTOMER_ID], own["span"]).reindex(
            index=spans.index, columns=range(settings.spans + 1), fill_value=0
        )
        y = did[0].to_numpy(np.float64)
        if settings.least <= y.sum() <= len(y) - settings.least:
            earlier = did.loc[:, 2:].sum(axis=1).to_numpy()
            cells = (did[1].to_numpy() * 10 + earlier) * 10 + spans.to_numpy()
            losses.append((DOES, str(act), _bernoulli(y, cells, half, spans.index)))
    return losses


def _bernoulli(y: Array, cells: Array, half: Mask, customers: pd.Index) -> pd.DataFrame:
    """Log-losses by the share of the customers of the same history in the other half, and by that of everyone."""
    own_loss, usual_loss = np.empty(len(y)), np.empty(len(y))
    for judged in (half, ~half):
        usual = y[~judged].mean()
        sums = pd.DataFrame({"y": y[~judged], "cell": cells[~judged]}).groupby("cell")["y"].agg(["sum", "size"])
        known = sums.reindex(cells[judged]).fillna(0.0).to_numpy()
        share = (known[:, 0] + IMAGINED * usual) / (known[:, 1] + IMAGINED)
        own_loss[judged] = log_losses(y[judged], share)
        usual_loss[judged] = log_losses(y[judged], np.full(int(judged.sum()), usual))
    return pd.DataFrame({"outcome": y, "own_loss": own_loss, "usual_loss": usual_loss}, index=customers)


def _orders(history: History, settings: PredictabilityConfig) -> pd.DataFrame:
    """The orders of the customers who have enough, one after the other, with what can be known of each."""
    gap = history.engine.days("CAST(lag(ordered_at) OVER in_time AS DATE)", "CAST(ordered_at AS DATE)")
    return history.frame(
        f"""
        SELECT customer_id, weekday, {PARTS} AS part_of_day, channel, value, gap, place, n FROM (
            SELECT customer_id, {history.engine.weekday(c.ORDERED_AT)} AS weekday,
                   extract(hour FROM ordered_at) AS hour, channel, {history.money("orders.revenue")} AS value,
                   {gap} AS gap,
                   row_number() OVER in_time AS place, count(*) OVER (PARTITION BY customer_id) AS n
            FROM orders WHERE {sampled(history, c.CUSTOMER_ID, settings.most_customers)}
            WINDOW in_time AS (PARTITION BY customer_id ORDER BY ordered_at, order_id)
        ) AS numbered WHERE n >= {settings.least_orders} ORDER BY customer_id, place"""
    )


WHICHES = {
    "weekday": "weekday of the order",
    "part_of_day": "part of the day of the order",
    c.CHANNEL: "channel of the order",
}
AMOUNTS = {"value": "value of the order", "gap": "days to the order"}


def _last_orders(view: View, settings: PredictabilityConfig) -> Sequence[tuple[str, str, pd.DataFrame]]:
    """The last order of each customer from the customer's earlier ones."""
    orders = _orders(view.history, settings)
    if orders[c.CUSTOMER_ID].nunique() < settings.least:
        return []
    last = orders[orders["place"] == orders["n"]].set_index(c.CUSTOMER_ID)
    earlier = orders[orders["place"] < orders["n"]]
    half = _half(last.index, view.seed)
    losses = []
    for column, what in WHICHES.items():
        if earlier[column].notna().all() and earlier[column].nunique() > 1:
            losses.append((WHICH, what, _label_losses(last[column], earlier, column, half)))
    for column, what in AMOUNTS.items():
        own = np.log1p(earlier.groupby(c.CUSTOMER_ID)[column].mean().clip(lower=0)).reindex(last.index)
        losses.append((AMOUNT, what, _squares(np.log1p(last[column].clip(lower=0)), own, half)))
    return losses


def _commonest(orders: pd.DataFrame, column: str) -> pd.Series:
    """Each customer's commonest label; of several, the first of the alphabet."""
    counts = orders.groupby([c.CUSTOMER_ID, column]).size().reset_index(name="times")
    counts = counts.sort_values([c.CUSTOMER_ID, "times", column], ascending=[True, False, True])
    return counts.drop_duplicates(c.CUSTOMER_ID).set_index(c.CUSTOMER_ID)[column]


def _label_losses(last: pd.Series, earlier: pd.DataFrame, column: str, half: Mask) -> pd.DataFrame:
    """Log-losses of the label of the last order by the own shares, drawn to those of everyone, and by these alone.

    How far they are drawn, as a number of imagined orders, is chosen on the other half.
    """
    labels = sorted({*last, *earlier[column]})
    counts = pd.crosstab(earlier[c.CUSTOMER_ID], earlier[column]).reindex(
        index=last.index, columns=labels, fill_value=0
    )
    y, own = pd.Index(labels).get_indexer(last), counts.to_numpy(np.float64)
    rows = np.arange(len(y))
    own_loss, usual_loss = np.empty(len(y)), np.empty(len(y))
    for judged in (half, ~half):
        usual = (np.bincount(y[~judged], minlength=len(labels)) + 0.5) / ((~judged).sum() + 0.5 * len(labels))
        shares = [(own + orders * usual) / (own.sum(axis=1, keepdims=True) + orders) for orders in DRAWN]
        losses = [-np.log(share[rows, y]) for share in shares]
        best = min(losses, key=lambda loss: float(loss[~judged].mean()))
        own_loss[judged], usual_loss[judged] = best[judged], -np.log(usual)[y[judged]]
    hit = own.argmax(axis=1) == y
    return pd.DataFrame({"outcome": hit.astype(np.float64), "own_loss": own_loss, "usual_loss": usual_loss}, last.index)


def _squares(last: pd.Series, own: pd.Series, half: Mask) -> pd.DataFrame:
    """Squared errors of a logarithm by a line on the own earlier mean, and by the mean of everyone."""
    y, x = last.to_numpy(np.float64), own.to_numpy(np.float64)
    own_loss, usual_loss = np.empty(len(y)), np.empty(len(y))
    for judged in (half, ~half):
        middle, level = x[~judged].mean(), y[~judged].mean()
        spread = max(float(((x[~judged] - middle) ** 2).mean()), 1e-12)
        slope = ((x[~judged] - middle) * (y[~judged] - level)).mean() / spread
        own_loss[judged] = (y[judged] - level - slope * (x[judged] - middle)) ** 2
        usual_loss[judged] = (y[judged] - level) ** 2
    return pd.DataFrame({"outcome": np.expm1(y), "own_loss": own_loss, "usual_loss": usual_loss}, last.index)


def _regulars(view: View, settings: PredictabilityConfig) -> pd.DataFrame:
    """The customers who surely keep most to one label, of all labels that the orders have, and which."""
    orders = _orders(view.history, settings)
    frames = []
    for column, what in WHICHES.items():
        if orders.empty or orders[column].isna().any() or orders[column].nunique() < 2:
            continue
        own = _commonest(orders, column)
        times = (orders[column] == orders[c.CUSTOMER_ID].map(own)).groupby(orders[c.CUSTOMER_ID]).agg(["sum", "size"])
        low, _ = wilson_interval(times["sum"].to_numpy(float), times["size"].to_numpy(float))
        base = own.map(orders[column].value_counts(normalize=True)).to_numpy(float)
        label = own.map(lambda day: DAYS[int(day) - 1]) if column == "weekday" else own
        frames.append(pd.DataFrame({"behaviour": what, "label": label, "times": times["sum"], "orders": times["size"],
                                    "usual_share": base, "surely_above_usual": low - base}))  # fmt: skip
    if not frames:
        return pd.DataFrame()
    table = pd.concat(frames).sort_values("surely_above_usual", ascending=False, kind="stable")
    table = table[~table.index.duplicated() & (table["surely_above_usual"] > 0)].reset_index()
    table["reason"] = [
        f"{row.behaviour}: {row.label} {row.times} times of {row.orders}, beside {row.usual_share:.0%} of all orders"
        for row in table.itertuples()
    ]
    return table


def _percent(share: float) -> str:
    """A share in whole percent, zero without a sign."""
    return f"{round(100 * share) + 0}%"


ANALYSIS = Analysis(
    "predictability", "Which behaviours can be predicted from a customer's own history, and which cannot?", run
)
