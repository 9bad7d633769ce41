"""What can be wrong with a log as a whole: tables that do not meet, files that overlap, one customer above all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.amounts import examine_amounts
from patronage.data.contract import CONTACTS, CUSTOMERS, EVENTS, TRANSACTIONS, USERS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.data.order_numbers import separate_orders
from patronage.data.source import SourceTable
from patronage.data.span import Span, examine_events, find_span
from patronage.engine import Engine

NOBODY, FEW = 0.01, 0.5  # shares of the smaller table's customers that are in the other one
ENOUGH = 20  # customers of the smaller table: of fewer, that none is in the other says little
ALIKE = 0.01  # share of the ids that are another one but for how they are written
# line ends, tabs and other control characters, blanks that do not break, marks of width nothing and of direction
UNSEEN = r"\x00-\x1f\x7f-\xa0\xad\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2064}\x{feff}"
WRITTEN_ALIKE = {  # in what ids may differ alone, and SQL that makes them one
    "capitals or blanks": f"lower(trim({c.CUSTOMER_ID}))",
    "capitals, blanks, brackets or quotes": f"lower(trim({c.CUSTOMER_ID}, ' {{}}()[]\"'))",
    "leading zeros": f"regexp_replace({c.CUSTOMER_ID}, '^0+', '')",
    "characters that are not seen": f"regexp_replace({c.CUSTOMER_ID}, '[{UNSEEN}]', '', 'g')",
}
DUCKDB_ONLY = ("capitals, blanks, brackets or quotes", "characters that are not seen")  # Spark writes them otherwise
ALIKE_BY = {  # what may be all that keeps the ids of two tables apart, and SQL without it
    "capitals or blanks": f"lower(trim({c.CUSTOMER_ID}))",
    "leading zeros": f"regexp_replace(trim({c.CUSTOMER_ID}), '^0+', '')",
    "what stands before the number": f"regexp_replace({c.CUSTOMER_ID}, '^[^0-9]*0*', '')",
}
MANY = 50  # customers: so many, and some come back if any ever do
HEAVY, FEWEST = 0.1, 20  # share of one customer; below so many customers it means nothing
WORDS = (  # of ids that stand for nobody in particular, alone or before `user`, `customer`, ...
    r"unknown|unbekannt|inconnu|guest|gast|anonymous|anonym|anon|dummy|default|other|customer|tbd|missing|blank|empty|"
    r"(grand|sub)?[ _-]?total|sum|summe|gesamt|"
    r"not[ _-]?(set|available|provided|given|specified)|no[ _-]?(id|name|customer|user|email)|walk[ _-]?in|cash|temp"
)
NOUNS = "user|customer|account|client|kunde|konto|id"
NOBODY_PARTICULAR = rf"^[^a-z0-9]*({WORDS})([^a-z0-9]*({NOUNS}))?[^a-z0-9]*$"
TESTS = rf"(^|[^a-z])(test|tester|testing|demo|dummy|fake|qa)[ _.-]?({NOUNS})?[0-9]*([^a-z0-9]|$)"
NO_ADDRESS = r"^(null|none|noreply|no-reply|test|unknown|guest|anonymous|na|x|a)@"
FILLERS = r"^(-?0+|-1|[-?.*x]+|9{5,}|0{8}-0{4}-0{4}-0{4}-0{12})$"  # of which a true id may be one
MANY_IDS = 0.2  # share of the ids
FEW_NUMBERS = 0.002  # of the order numbers: so few in several files are refunds of a later month, and no overlap
TIMES_USUAL = 3  # rows of such a filler, beside those of an ordinary customer


def examine(
    engine: Engine,
    sources: Mapping[str, SourceTable],
    present: Mapping[str, frozenset[str]],
    config: DataConfig,
    findings: DataFindings,
    keys: Keys,
) -> Span:
    """Look at the canonical tables together; orders whose number is used again get ids of their own.

    Returns
    -------
    Span
        From when to when the log goes.

    Raises
    ------
    DataError
        Something is found for which training refuses a log.
    """
    _files(engine, sources[TRANSACTIONS.name], config, findings, keys)
    _joins(engine, sources, config, findings, keys)
    users_own = config.source == "tables"  # whose numbers nobody here has made
    if c.ORDER_ID in present[TRANSACTIONS.name] and (users_own or config.order_id_scope):
        separate_orders(engine, config.order_id_scope, findings, keys)
    _heavy(engine, findings, keys)
    _placeholders(engine, findings, keys)
    _alike(engine, sources[TRANSACTIONS.name], findings, keys)
    _once(engine, findings, keys)
    examine_amounts(engine, sources[TRANSACTIONS.name], config, findings, keys)
    observed_until = datetime.fromisoformat(config.observed_until) if config.observed_until else None
    span = find_span(engine, observed_until, findings, keys)
    if EVENTS.name in sources:
        examine_events(engine, span, findings, keys)
    return span


def _joins(
    engine: Engine, sources: Mapping[str, SourceTable], config: DataConfig, findings: DataFindings, keys: Keys
) -> None:
    """How many customers of each table are in the transactions; the ids of a table are gathered once."""
    others = [name for name in (EVENTS.name, CUSTOMERS.name, CONTACTS.name) if name in sources]
    for name in [TRANSACTIONS.name, *others] if others else []:
        table = USERS if name == CUSTOMERS.name and config.entity == "account" else name
        engine.table(_ids(name), f"SELECT DISTINCT {c.CUSTOMER_ID} FROM {table}")
    for name in others:
        _join(engine, name, sources, findings, keys)
        engine.drop(_ids(name))
    if others:
        engine.drop(_ids(TRANSACTIONS.name))


def _ids(name: str) -> str:
    """The table of the ids of a table."""
    return f"ids_of_{name}"


def _join(engine: Engine, name: str, sources: Mapping[str, SourceTable], findings: DataFindings, keys: Keys) -> None:
    """How many customers of a table are in the transactions."""
    ids = {table: f"SELECT {c.CUSTOMER_ID} FROM {_ids(table)}" for table in (TRANSACTIONS.name, name)}
    (here,), (there,) = (engine.row(f"SELECT count(*) FROM ({sql})") for sql in ids.values())
    (both,) = engine.row(
        f"SELECT count(*) FROM ({ids[TRANSACTIONS.name]}) AS a "
        f"JOIN ({ids[name]}) AS b ON a.{c.CUSTOMER_ID} = b.{c.CUSTOMER_ID}"
    )
    share = both / max(min(here, there), 1)
    if share >= FEW and there - both > ALIKE * there:
        _join_alike(engine, name, (ids[TRANSACTIONS.name], ids[name]), sources, findings, keys)
    if share >= FEW or not there:
        return
    written = _written(engine, ids[TRANSACTIONS.name], ids[name], name)
    lost = "attributes" if name == CUSTOMERS.name else name
    findings.add(
        DataFinding(
            where=f"{name}.{c.CUSTOMER_ID}",
            what=f"{both:,} of {here:,} customers of the transactions are among the {there:,} of {name} ({share:.1%})",
            effect=f"the {lost} reach hardly anybody, and the rest count as customers of their own",
            remedy=f"map the same id in both, written alike ({written})",
            severity=Severity.REFUSED if share < NOBODY and min(here, there) >= ENOUGH else Severity.SEVERE,
            weight=1 - share,
        )
    )


def _join_alike(
    engine: Engine,
    name: str,
    ids: tuple[str, str],
    sources: Mapping[str, SourceTable],
    findings: DataFindings,
    keys: Keys,
) -> None:
    """Ids of a table that would be those of buyers, were they written alike.

    Parameters
    ----------
    ids
        SQL: those of the transactions, and those of the table.
    """
    here, there = ids
    (total,) = engine.row(f"SELECT count(*) FROM ({there})")
    for differ in ("capitals or blanks", "leading zeros"):
        plain = ALIKE_BY[differ]
        (lost,) = engine.row(
            f"SELECT count(*) FROM ({there}) AS b WHERE {c.CUSTOMER_ID} NOT IN ({here}) "
            f"AND {plain} IN (SELECT {plain} FROM ({here}) AS a)"
        )
        if lost <= ALIKE * total:
            continue
        mapped = " and ".join(
            keys.column(each, c.CUSTOMER_ID, plain.replace(c.CUSTOMER_ID, sources[each].written(engine, c.CUSTOMER_ID)))
            for each in (TRANSACTIONS.name, name)
        )
        findings.add(
            DataFinding(
                where=f"{name}.{c.CUSTOMER_ID}",
                what=f"{lost:,} of {total:,} ids differ from one of the transactions in {differ} alone",
                effect=f"their {name} belong to no buyer: these count as customers of their own",
                remedy=f"if they are the same, map them alike by {mapped}",
                severity=Severity.SEVERE,
                weight=lost / total,
            )
        )
        return


def _written(engine: Engine, here: str, there: str, name: str) -> str:
    """How the ids of two tables are written, and what would make them meet."""
    shapes = " and ".join(
        f"{table} such as {_shape(engine, ids)}" for table, ids in ((TRANSACTIONS.name, here), (name, there))
    )
    counts = {}
    for words, sql in ALIKE_BY.items():
        one, other = (f"SELECT DISTINCT {sql} AS id FROM ({ids})" for ids in (here, there))
        (counts[words],) = engine.row(f"SELECT count(*) FROM ({one}) AS a JOIN ({other}) AS b ON a.id = b.id")
    best = max(counts, key=lambda words: counts[words])
    (least,) = engine.row(f"SELECT least((SELECT count(*) FROM ({here})), (SELECT count(*) FROM ({there})))")
    if counts[best] < FEW * least:
        return shapes
    return f"{shapes}; {counts[best]:,} meet by {ALIKE_BY[best]}: they differ in {best}"


def _shape(engine: Engine, ids: str) -> str:
    """How ids are written, without one of them: letters are a or A, digits 9."""
    letters = f"min({c.CUSTOMER_ID})"
    for pattern, letter in (("[0-9]", "9"), ("[a-z]", "a"), ("[A-Z]", "A")):
        letters = f"regexp_replace({letters}, '{pattern}', '{letter}', 'g')"
    if engine.cluster is not None:
        letters = letters.replace(", 'g')", ")")
    (shape,) = engine.row(f"SELECT {letters} FROM ({ids})")
    return str(shape)[:40]


def _heavy(engine: Engine, findings: DataFindings, keys: Keys) -> None:
    """One customer who brings much of the revenue, or of the orders."""
    per_customer = (
        f"SELECT {c.CUSTOMER_ID}, sum(CASE WHEN {c.AMOUNT} > 0 THEN {c.AMOUNT} ELSE 0 END) AS revenue, "
        f"count(*) AS lines FROM {TRANSACTIONS.name} GROUP BY {c.CUSTOMER_ID}"
    )
    customers, revenue, most, lines, busiest = engine.row(
        f"SELECT count(*), sum(revenue), max(revenue), sum(lines), max(lines) FROM ({per_customer})"
    )
    if customers < FEWEST:
        return
    for measure, share in ((c.REVENUE, most / max(revenue, 1)), ("lines", busiest / max(lines, 1))):
        if share < max(HEAVY, 5 / customers):
            continue
        (example,) = engine.row(f"SELECT max_by({c.CUSTOMER_ID}, {measure}) FROM ({per_customer})")
        findings.add(
            DataFinding(
                where=f"{TRANSACTIONS.name}.{c.CUSTOMER_ID}",
                what=f"one customer of {customers:,} brings {float(share):.0%} of all {measure}",
                effect=f"totals of {measure} and every average follow this one; look at medians",
                remedy="is it a test account, a cash desk, a reseller? If it is no customer, leave it out by "
                f"{keys.option(TRANSACTIONS.name, 'where')}",
                severity=Severity.SEVERE,
                weight=float(share),
                example=str(example),
            )
        )


def _placeholders(engine: Engine, findings: DataFindings, keys: Keys) -> None:
    """Ids that stand for nobody in particular, or for a test."""
    per_customer = f"SELECT {c.CUSTOMER_ID} AS id, count(*) AS n FROM {TRANSACTIONS.name} GROUP BY {c.CUSTOMER_ID}"
    (customers, total) = engine.row(f"SELECT count(*), coalesce(sum(n), 0) FROM ({per_customer})")
    if customers < FEWEST:
        return
    trimmed, leave_out = "trim(id)", keys.option(TRANSACTIONS.name, "where")
    filler = f"{engine.matches(trimmed, FILLERS)} AND n > {TIMES_USUAL * int(total) / int(customers)}"
    words = " OR ".join(engine.matches(trimmed, pattern) for pattern in (NOBODY_PARTICULAR, NO_ADDRESS))
    test = engine.matches(trimmed, TESTS)
    for what, effect, condition in (
        (
            "have an id that stands for nobody in particular",
            "purchases of many are read as those of one very loyal customer",
            f"({words} OR {filler}) AND NOT {test}",
        ),
        ("have the id of a test account", "tests are read as purchases", test),
    ):
        rows, ids, word = engine.row(
            f"SELECT coalesce(sum(n), 0), count(*), min(id) FROM ({per_customer}) WHERE {condition}"
        )
        if not rows or ids > MANY_IDS * customers:  # so many are how this company names its customers
            continue
        findings.add(
            DataFinding(
                where=f"{TRANSACTIONS.name}.{c.CUSTOMER_ID}",
                what=f"{int(rows):,} of {int(total):,} rows {what}" + (f" ({ids:,} ids)" if ids > 1 else ""),
                effect=effect,
                remedy=f"leave them out by {leave_out}",
                severity=Severity.SEVERE if rows > NOBODY * total else Severity.NOTE,
                weight=float(rows / total),
                example=str(word),
                harmless=True,
            )
        )


def _alike(engine: Engine, source: SourceTable, findings: DataFindings, keys: Keys) -> None:
    """Ids that differ in nothing but how they are written: capitals, blanks, leading zeros, what is not seen."""
    distinct = _ids(TRANSACTIONS.name)
    engine.table(distinct, f"SELECT DISTINCT {c.CUSTOMER_ID} FROM {TRANSACTIONS.name}")
    _name_alike(engine, distinct, source, findings, keys)
    engine.drop(distinct)


def _name_alike(engine: Engine, distinct: str, source: SourceTable, findings: DataFindings, keys: Keys) -> None:
    for differ, plain in WRITTEN_ALIKE.items():
        if engine.cluster is not None and differ in DUCKDB_ONLY:
            continue
        ids = f"SELECT {plain} AS plain, count(*) AS n FROM {distinct} GROUP BY {plain}"
        groups, merged, customers = engine.row(
            f"SELECT count(*) FILTER (WHERE n > 1), coalesce(sum(n) FILTER (WHERE n > 1), 0), sum(n) FROM ({ids})"
        )
        if customers < FEWEST:
            return
        if merged < ALIKE * customers:
            continue
        mapped = plain.replace(c.CUSTOMER_ID, source.written(engine, c.CUSTOMER_ID))
        findings.add(
            DataFinding(
                where=f"{TRANSACTIONS.name}.{c.CUSTOMER_ID}",
                what=f"{int(merged):,} of {int(customers):,} ids differ from another in {differ} alone; "
                f"they would be {groups:,} customers",
                effect="one customer may count as several, each with a part of the purchases",
                remedy="if they are the same, map them alike by "
                f"{keys.column(TRANSACTIONS.name, c.CUSTOMER_ID, mapped)}",
                severity=Severity.SEVERE,
                weight=float(merged / customers),
            )
        )
        return


def _once(engine: Engine, findings: DataFindings, keys: Keys) -> None:
    """A log in which hardly anybody has bought twice: the column names orders, or there is nothing to learn."""
    per_customer = (
        f"SELECT count(DISTINCT CAST({c.ORDERED_AT} AS DATE)) AS days FROM {TRANSACTIONS.name} GROUP BY {c.CUSTOMER_ID}"
    )
    customers, repeaters = engine.row(f"SELECT count(*), count(*) FILTER (WHERE days > 1) FROM ({per_customer})")
    if customers < MANY or repeaters >= NOBODY * customers:
        return
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.CUSTOMER_ID}",
            what=f"{repeaters:,} of {customers:,} customers have rows on a second day",
            effect="nobody is seen to come back: churn, orders and CLV cannot be learned",
            remedy="see whether the column tells customers or orders and visits, and map the customer's by "
            f"{keys.column(TRANSACTIONS.name, c.CUSTOMER_ID)}",
            severity=Severity.SEVERE,
            weight=1.0,
        )
    )


def _files(engine: Engine, source: SourceTable, config: DataConfig, findings: DataFindings, keys: Keys) -> None:
    """Order numbers that stand in several files: exports that overlap."""
    number, moment = (source.mapping.get(name) or name for name in (c.ORDER_ID, c.ORDERED_AT))
    types = engine.types(source.files[0][1]) if len(source.files) > 1 else {}
    if number not in types:
        return
    # with their moments: a counter that starts anew in every file, or a refund under its order's number, is no overlap
    columns = ", ".join(f"CAST({engine.quote(name)} AS STRING)" for name in (number, moment) if name in types)
    union = " UNION ALL ".join(
        f"SELECT DISTINCT concat_ws('@', {columns}) AS number, {position} AS file FROM {relation}"
        for position, (_, relation) in enumerate(source.files)
    )
    numbers = f"SELECT number, count(*) AS n, min(file) AS one, max(file) AS other FROM ({union}) GROUP BY number"
    repeated, total, one, other = engine.row(
        f"SELECT count(*) FILTER (WHERE n > 1), count(*), min(one) FILTER (WHERE n > 1), "
        f"max(other) FILTER (WHERE n > 1) FROM ({numbers})"
    )
    if not repeated:
        return
    share = repeated / total
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.ORDER_ID}",
            what=f"{repeated:,} of {total:,} order numbers stand in several files, as in {source.files[one][0]} and "
            f"{source.files[other][0]}",
            effect="if the exports overlap, these orders count twice",
            remedy="give files that do not overlap; rows that are equal throughout can go by "
            f"{keys.setting('on_duplicate_rows', 'drop')}",
            severity=Severity.SEVERE if share > FEW_NUMBERS else Severity.NOTE,
            weight=share,
        )
    )
