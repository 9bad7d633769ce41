"""The voice of the customer: where complaints, tickets, returns and low answers come from, and what was solved.

A small group leads a list of raw shares by luck alone. So each group's share is drawn towards the common one by how
little it rests on (partial pooling, `pooling.py`), and a group stands out where the interval of its own
share lies on one side of the common one. The rows of one customer are alike, so shares rest on customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.analyses.acts import most_often, product_column, product_label
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.extremes import extremes, extremes_by
from patronage.analyses.pooling import COLUMNS, FEWEST_ROWS, as_one_family, by_customer, judged, means_by_customer
from patronage.analyses.troubled_products import AFTER_DAYS as AFTER_DAYS_OF_ORDER
from patronage.analyses.troubled_products import tickets_by_product, troubled_orders
from patronage.config import VoiceConfig
from patronage.data.contract import TRANSACTIONS
from patronage.engine import text
from patronage.errors import DataError
from patronage.lenses import History
from patronage.names import Metric
from patronage.statistics import mean_differences

RETURNED, TROUBLED = "returned lines", f"orders followed by a trouble within {AFTER_DAYS_OF_ORDER} days"
PER_ORDER = "troubles per order"
SHARES = (RETURNED, TROUBLED, PER_ORDER)  # what is told in percent; answers are told in points of their survey
LEAST_AGE, AFTER_DAYS = 30, 90  # days for a ticket to be solved; in which an order comes after it


def run(view: View, settings: VoiceConfig) -> Result:
    """Feedback by product, place, channel, segment and month; tickets; and who is most and least satisfied."""
    result, history = Result(), view.history
    tables = [*_negatives(view, settings), *_answers(view, settings), *_returns(view, settings)]
    tables = [table for table in tables if len(table) > 1]
    _tickets(result, view, settings)
    if tables:
        _groups(result, as_one_family(pd.concat(tables)[COLUMNS]))
    elif not result.tables:
        raise DataError(f"no survey, complaint, ticket or return with at least {FEWEST_ROWS} rows")
    _reviews(result, history)
    extremes(result, view)
    extremes_by(result, view, list(_places(history)), settings.most)
    return result


def _groups(result: Result, table: pd.DataFrame) -> None:
    """The table of all groups, its figure, and the finding."""
    worst = table[table["stands_out"] != ""]
    worst = worst.assign(distance=(worst["value"] / worst["common"] - 1).abs()).sort_values("distance", ascending=False)
    top = worst.iloc[0] if len(worst) else None
    finding = f"none of {len(table):,} groups stands out from what chance would show"
    if top is not None:
        form = ".1%" if top["voice"] in SHARES else ".3g"
        value, low, high, common = (format(top[name], form) for name in ("value", "low", "high", "common"))
        finding = (
            f"{len(worst):,} of {len(table):,} groups stand out; first {top['voice']} by {top['by']}, {top['label']}: "
            f"{value} [{low}, {high}] beside {common}"
        )
    shown = worst.head(12).assign(label=lambda rows: rows["voice"] + " by " + rows["by"] + ": " + rows["label"])
    shown[["value", "low", "high"]] = shown[["value", "low", "high"]].div(shown["common"], axis=0)
    result.finding = "; ".join(filter(None, [result.finding, finding]))  # of the tickets, and of the groups
    drawing = Drawing("forest", shown, finding, "times the common value, with 95% interval", 1.0)
    result.add("voice", table, drawing)
    result.metrics[Metric.VOICE_STANDS_OUT] = float(len(worst))


def _places(history: History) -> dict[str, str]:
    """What the order lines can be grouped by: name to column."""
    names = (c.CATEGORY, product_column(history), c.BRAND, c.LOCATION, c.CHANNEL)
    sql = {c.PRODUCT_NAME: product_label(history)}
    return {name: sql.get(name, name) for name in names if history.has("transactions", name)}


def _products(history: History) -> list[str]:
    """The columns that tell what was bought."""
    return [name for name in dict.fromkeys((c.CATEGORY, product_column(history))) if name in _places(history)]


HOMES = {
    "home_locations": most_often(c.LOCATION),
    "home_channels": most_often(c.CHANNEL),
    "buyers": "SELECT customer_id, count(DISTINCT order_id) AS n_orders FROM order_lines WHERE amount > 0 "
    "GROUP BY customer_id",
    "homes": "SELECT buyers.customer_id, location, channel, n_orders FROM buyers "
    "LEFT JOIN home_locations ON home_locations.customer_id = buyers.customer_id "
    "LEFT JOIN home_channels ON home_channels.customer_id = buyers.customer_id",
}  # the place and channel of a customer: where most orders were


def _segments(view: View, rows: pd.DataFrame, settings: VoiceConfig) -> Mapping[str, pd.Series]:
    return {
        name: rows[c.CUSTOMER_ID].map(view.now.segments[name]).fillna(c.UNKNOWN)
        for name in settings.segments
        if name in view.now.segments
    }


def _negatives(view: View, settings: VoiceConfig) -> Sequence[pd.DataFrame]:
    """Complaints, tickets and requests to return something per order of the customers of a group."""
    history, tables = view.history, []
    events = ", ".join(map(text, settings.negative))
    per_customer = history.frame(
        "SELECT homes.customer_id, location, channel, n_orders, least(coalesce(n_negative, 0), n_orders) AS n_negative "
        "FROM homes LEFT JOIN negatives ON homes.customer_id = negatives.customer_id",
        {
            **HOMES,
            "negatives": f"SELECT customer_id, count(*) AS n_negative FROM events WHERE event IN ({events}) "
            "GROUP BY customer_id",
        },
    )
    if not per_customer["n_negative"].sum():
        return []
    for by in _products(history):
        counts = troubled_orders(history, settings.negative, _places(history)[by])
        tables.append(judged(TROUBLED, by, counts, shares=True, most=settings.most))
    per_customer = per_customer.assign(k=per_customer["n_negative"], n=per_customer[c.N_ORDERS])
    groups = {name: per_customer[name] for name in (c.LOCATION, c.CHANNEL) if per_customer[name].notna().any()}
    for by, labels in {**groups, **_segments(view, per_customer, settings)}.items():
        counts = by_customer(per_customer, labels)
        tables.append(judged(PER_ORDER, by, counts, shares=True, most=settings.most))
    return tables


def _answers(view: View, settings: VoiceConfig) -> Sequence[pd.DataFrame]:
    """Mean answers by subject, place and channel, segment and month."""
    history, tables = view.history, []
    month = "CAST(extract(year FROM occurred_at) * 100 + extract(month FROM occurred_at) AS VARCHAR(8))"
    for survey in settings.surveys:
        rows = history.frame(
            f"""
            SELECT events.customer_id, coalesce(subject, '') AS subject, coalesce(events.channel, '') AS channel,
                   coalesce(homes.location, '') AS location, {month} AS month,
                   count(*) AS n, sum(value) AS total, sum(value * value) AS squares
            FROM events LEFT JOIN homes ON events.customer_id = homes.customer_id
            WHERE event = {text(survey)} AND value IS NOT NULL GROUP BY 1, 2, 3, 4, 5""",
            HOMES,
        )
        if rows["n"].sum() < FEWEST_ROWS:
            continue
        groups = {name: rows[name] for name in (c.SUBJECT, c.CHANNEL, c.LOCATION, "month")}
        for by, labels in {**groups, **_segments(view, rows, settings)}.items():
            counts = means_by_customer(rows[labels != ""], labels[labels != ""])
            tables.append(judged(survey, by, counts, shares=False, most=settings.most))
    return tables


def _returns(view: View, settings: VoiceConfig) -> Sequence[pd.DataFrame]:
    """Refunded lines of all lines, by what was bought and where; a product in a region on its own."""
    history = view.history
    if not history.tables.revised:
        return []
    places = _places(history)
    tables = []
    for item in (c.CATEGORY, product_column(history)) if c.LOCATION in places else ():
        if item in places:  # a region in which one item is worse than the same item elsewhere
            places[f"{item} in {c.LOCATION}"] = f"concat({places[item]}, ' in ', {c.LOCATION})"
    for by, column in places.items():
        of = by.removesuffix(f" in {c.LOCATION}")
        item = f"max({places[of]})" if of != by else text("")
        counts = history.frame(
            "SELECT label, max(item) AS of, sum(k) AS k, sum(n) AS n, sum(k * k) AS kk, sum(k * n) AS kn, "
            "sum(n * n) AS nn FROM by_customer GROUP BY label",
            {
                "lines": sold_lines(history),
                "by_customer": f"SELECT {column} AS label, {item} AS item, sum(back) * 1.0e0 AS k, "
                f"count(*) * 1.0e0 AS n FROM lines WHERE {column} IS NOT NULL GROUP BY customer_id, {column}",
            },
        )
        tables.append(judged(RETURNED, by, counts, shares=True, most=settings.most))
    return tables


def sold_lines(history: History) -> str:
    """SQL: every line as it was bought, and whether it was `back`, in part or whole, before the cutoff."""
    refunded = when.before(c.REFUNDED_AT, history.cutoff, history.engine)
    return f"""
        SELECT *, CASE WHEN {refunded} THEN 1 ELSE 0 END AS back FROM {TRANSACTIONS.name}
        WHERE {when.before(c.KNOWN_AT, history.cutoff, history.engine)} AND known_at = ordered_at AND amount > 0"""


OPENED = """
    SELECT customer_id, subject, channel, sender, occurred_at, ticket_id,
           lead(occurred_at) OVER (PARTITION BY customer_id, coalesce(ticket_id, '') ORDER BY occurred_at) AS following
    FROM events WHERE event = 'ticket_opened'"""
SOLVED = """
    SELECT opened.customer_id, opened.subject, opened.channel, opened.sender, opened.occurred_at,
           min(resolved.occurred_at) AS resolved_at, min(resolved.sender) AS solver
    FROM opened LEFT JOIN events resolved
         ON resolved.customer_id = opened.customer_id AND resolved.event = 'ticket_resolved'
            AND resolved.occurred_at >= opened.occurred_at
            AND (opened.following IS NULL OR resolved.occurred_at < opened.following)
            AND coalesce(resolved.ticket_id, '') = coalesce(opened.ticket_id, '')
    GROUP BY opened.customer_id, opened.subject, opened.channel, opened.sender, opened.occurred_at"""


def _tickets(result: Result, view: View, settings: VoiceConfig) -> None:
    """By subject: how many tickets were solved, and how fast; what goes with unsolved, and who ordered after.

    Tickets of the last month may still be solved and are left out.
    """
    history = view.history
    day, numbers = "CAST(occurred_at AS DATE)", ", ".join(map(str, range(1, 11)))
    rows = history.frame(
        f"""
        SELECT solved.customer_id, coalesce(subject, 'no subject') AS subject, coalesce(solved.channel, '') AS channel,
               coalesce(sender, '') AS department, coalesce(solver, '') AS solver, coalesce(location, '') AS location,
               CAST(extract(year FROM occurred_at) * 100 + extract(month FROM occurred_at) AS VARCHAR(8)) AS month,
               CASE WHEN resolved_at IS NULL THEN 1 ELSE 0 END AS unsolved, {history.age(day)} AS age,
               {history.engine.days(day, "CAST(resolved_at AS DATE)")} AS days,
               max(CASE WHEN {history.engine.days(day, "order_days.day")} BETWEEN 1 AND {AFTER_DAYS} THEN 1 ELSE 0 END)
                   AS ordered
        FROM solved LEFT JOIN order_days ON order_days.customer_id = solved.customer_id
        LEFT JOIN homes ON homes.customer_id = solved.customer_id
        WHERE {history.age(day)} > {LEAST_AGE} GROUP BY {numbers} ORDER BY {numbers}""",
        {**HOMES, "opened": OPENED, "solved": SOLVED},
    )
    if len(rows) < FEWEST_ROWS:
        return
    table = _unsolved(rows, c.SUBJECT, rows[c.SUBJECT], settings)
    fast = rows.groupby(c.SUBJECT)["days"].agg(mean_days="mean", median_days="median").reset_index()
    share = float(rows["unsolved"].mean())
    title = f"{share:.0%} of {len(rows):,} tickets were not solved"
    if len(table):
        table = table.merge(fast, "left", left_on="label", right_on=c.SUBJECT).drop(columns=[c.SUBJECT, "voice", "by"])
        table = table.sort_values("value", ascending=False, ignore_index=True)
    else:
        table = fast.rename(columns={c.SUBJECT: "label"}).assign(n=len(rows), value=share)
    result.add("tickets", table, Drawing("forest", table, title, "share not solved, with 95% interval", share)
               if "low" in table else None)  # fmt: skip
    result.metrics[Metric.VOICE_UNSOLVED] = share
    result.finding = title
    named = {name: rows[name] for name in (c.CHANNEL, c.LOCATION, "department", "month")}
    groups = {**named, **_segments(view, rows, settings)}
    _solvers(result, rows)
    tables = [_unsolved(rows, by, labels, settings) for by, labels in groups.items()]
    steps = {"opened": OPENED, "solved": SOLVED}
    for by in _products(history):
        counts = tickets_by_product(history, steps, _places(history)[by], least_age=LEAST_AGE)
        tables.append(judged("tickets not solved", f"{by} bought before", counts, shares=True, most=settings.most))
    if tables := [one for one in tables if len(one)]:
        result.add("tickets_unsolved", as_one_family(pd.concat(tables)).drop(columns="voice"))
    _after_tickets(result, rows[rows["age"] > AFTER_DAYS])


def _solvers(result: Result, rows: pd.DataFrame) -> None:
    """How many tickets each solver solved (`sender` of the event that resolves it), and how fast beside all of them.

    Days are drawn to the common mean as those of any group are; a solver of few tickets leads no list.
    """
    solved = rows[(rows["unsolved"] == 0) & (rows["solver"] != "")]
    rest = solved.assign(n=1.0, total=solved["days"].astype(float), squares=solved["days"].astype(float) ** 2)
    counts = means_by_customer(rest, rest["solver"])
    table = judged("days until solved", "solver", counts, shares=False, most=len(counts))
    if len(table):
        medians = solved.groupby("solver")["days"].median()
        table = table.assign(median_days=table["label"].map(medians))
        result.add("tickets_solvers", table.drop(columns=["voice", "by"]).sort_values("value", ignore_index=True))


def _unsolved(rows: pd.DataFrame, by: str, labels: pd.Series, settings: VoiceConfig) -> pd.DataFrame:
    """The share of tickets not solved by group, resting on customers."""
    frame = rows.assign(label=labels.to_numpy(), k=rows["unsolved"], n=1)
    counts = by_customer(frame[frame["label"] != ""], ["label"])
    return judged("tickets not solved", by, counts, shares=True, most=settings.most)


def _after_tickets(result: Result, rows: pd.DataFrame) -> None:
    """Who ordered in the months after a ticket that was solved, and after one that was not."""
    customers = rows.groupby(c.CUSTOMER_ID)[["unsolved", "ordered"]].max()
    if not FEWEST_ROWS <= customers["unsolved"].sum() <= len(customers) - FEWEST_ROWS:
        return
    groups = customers["unsolved"].to_numpy(np.float64)[:, None]
    estimate = mean_differences(customers["ordered"].to_numpy(np.float64), groups)
    shares = customers.groupby("unsolved")["ordered"].mean()
    row = {
        "customers": len(customers), "ever_unsolved": int(customers["unsolved"].sum()),
        "ordered_after_unsolved": shares[1],
        "ordered_after_solved": shares[0], "difference": float(estimate.value[0]), "low": float(estimate.low[0]),
        "high": float(estimate.high[0]),
    }  # fmt: skip
    result.add("tickets_after", pd.DataFrame([row]))


def _reviews(result: Result, history: History) -> None:
    """By subject: good and bad reviews, and the mean of the last half year beside that of the time before."""
    age = history.age("CAST(occurred_at AS DATE)")
    rows = history.frame(
        f"""
        SELECT coalesce(subject, 'no subject') AS label, count(*) AS n, avg(value) AS mean,
               avg(CASE WHEN {age} <= 182 THEN value END) AS recent,
               avg(CASE WHEN {age} > 182 THEN value END) AS earlier,
               sum(CASE WHEN value >= 4 THEN 1 ELSE 0 END) AS good, sum(CASE WHEN value <= 2 THEN 1 ELSE 0 END) AS bad
        FROM events WHERE event = 'reviewed' AND value IS NOT NULL GROUP BY 1 ORDER BY 1"""
    )
    if rows["n"].sum() >= FEWEST_ROWS:
        result.add("reviews", rows)


ANALYSIS = Analysis("voice", "What do customers complain about, where, and is it solved?", run)
