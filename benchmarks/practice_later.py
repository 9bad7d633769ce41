"""Hold what the analyses find on two real logs against the time after.

`python benchmarks/practice_later.py RETAIL [FOLDER [LOG ...]]` writes practice_later.md beside it. RETAIL is the file
of Online Retail II; Complete Journey comes with its package. FOLDER keeps the lines of each log, for one log at a time.
`patronage analyse` runs as of one day and as of another, `movement_days`
later, so that the turns, lists and growth of the second lie after the first. A finding is looked up among the second
run's results: it is found again where its interval is on the same side of chance.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

LOGS = {
    "Complete Journey": (["data=complete_journey"], "2017-07-01", "2017-09-30"),
    "Online Retail II": (["data=online_retail", "data.transactions.path={retail}"], "2011-03-01", "2011-05-31"),
}
AGAIN, SIDE, OTHER, ABSENT = "found again", "same side", "other side", "not there"
HEAD = """# Do the findings of the analyses hold later?

Made by `benchmarks/practice_later.py` on two real logs. *Found* is what an analysis names beyond chance as of the first
day. 91 days later the same analysis runs again. *Found again*: the interval lies on the same side of chance. *Same
side*: the estimate does, and its interval holds chance, too. *Other side*: the estimate does not. *Not there*: too few
customers, or no candidate any more; of `cross_sell` and `upsell`: no longer among the best 20 pairs of a tier, which
are all that is kept.

`turns`, `products`, `predictability`, `candidates`, `policies` and `combinations` are judged on the 91 days alone. The
others look at the whole history, of which that of the first day is a part: they tell whether a finding stays, not
whether it would come again from nothing. What a log does not support, or what names nothing, has no line: neither
log has surveys, complaints, tickets, feature use, dates of customers or weeks with several messages, so that `drivers`,
`pressure`, `use` and `timing` say what they lack; the groceries have 32 customers with enough messages for `readers`,
of 100, and see an act before .5 % of their orders, of 1 % for `ways`; the groceries have no returns for `voice`, and
the only step before an order there is an order, of which `obstacles` names nothing. No growth of the
groceries was beyond that of the whole. Growth is told of its 91 days: in the gift shop it turns round as often as it
goes on, since the seasons do, and the finding says so.

What `cross_sell` is for was judged apart: of the 80 pairs that are shown of Complete Journey as of 2017-08-20, the
candidates of 72 bought the offer in the 91 days after more often than customers of the same tier without either who buy
from as many categories, those of 39 beyond chance (one-sided, 5 %), those of 8 less often; 2.0 times as often in all.

`turns` has few rules at one pair of days; `turns_later.md` counts over many periods, by the very same rule. Here a rule
is looked up by its feature, whose clearest border may be another one later.

| log | analysis | found | found again | same side | other side | not there |
|---|---|---:|---:|---:|---:|---:|
"""


class Finding(NamedTuple):
    """Where a table tells a finding: what it is of, its estimate, and what chance would give."""

    tables: str  # how their names begin
    keys: tuple[str, ...]
    value: str
    chance: float | str  # or the column that tells it
    named: str = ""  # the verdict of a finding; empty: its interval leaves out chance
    size: str = ""  # of several rows of a key later, the one of most like size is meant
    verdict: str = "verdict"  # the column of verdicts

    def chance_of(self, table: pd.DataFrame) -> pd.Series:
        """What chance gives for each row."""
        return table[self.chance] if isinstance(self.chance, str) else pd.Series(self.chance, table.index)


FINDINGS = {
    "first_days": Finding("first_days_", ("family",), "effect", 0.0, "found", "customers"),
    "turns": Finding("turns_", ("family",), "effect", 0.0, "found", "customers"),
    "obstacles": Finding("obstacles", ("step", "obstacle"), "effect", 0.0, "obstacle"),
    "sequences": Finding("sequences", ("after", "then"), "sequence_ratio", 1.0, "follows"),
    "products": Finding("products_growth", ("item", "location"), "growth", 1.0, "grew|shrank"),
    "voice": Finding("voice", ("voice", "by", "label"), "value", "common", "above|below", verdict="stands_out"),
    "pressure": Finding("pressure_same_customer", ("outcome",), "value", 0.0, "more|less"),
    "lost": Finding("lost_did", ("act",), "difference", 0.0),
    "who may come back": Finding("may_come_back_measured", (), "lift", 1.0),
    "own dates": Finding("own_dates", ("personal_date",), "value", 1.0, "more|less"),
    "contact windows": Finding("contact_windows", ("window",), "value", 0.0, "more|less"),
    "use": Finding("use_by_label", ("label", "feature"), "difference", 0.0),
    "predictability": Finding("predictability", ("kind", "behaviour"), "predictability", 0.0, "better than usual"),
    "candidates": Finding("lists_measured", ("list",), "lift", 1.0),
    "cross_sell": Finding("cross_sell", ("segment", "has", "offer"), "lift", 1.0),
    "combinations": Finding("combinations", ("first", "second"), "gain", 0.0, "tell more together"),
    "ways": Finding("ways", ("by", "label"), "beside_usual", 0.0, "more than usual|less than usual"),
    "upsell ripens": Finding("upsell_ripens", ("category",), "up_by_90", "down_by_90"),
    "upsell": Finding("upsell", ("segment", "has", "offer"), "lift", 1.0),
}


def analysed(settings: list[str], cutoff: str) -> dict[str, pd.DataFrame]:
    """The tables of one run, whole."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"tracking.uri=sqlite:///{folder}/mlflow.db"
        subprocess.run(
            ["patronage", "analyse", *settings, f"cutoff={cutoff}", store, f"hydra.run.dir={folder}/hydra"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        (report,) = Path(folder).rglob("report.html")
        tables = {}
        for file in report.parent.glob("tables/*.json"):
            if file.stem.endswith("_2"):  # the other columns of a wide table, which is whole as Parquet
                continue
            content = json.loads(file.read_text())
            tables[file.stem] = pd.DataFrame(content["data"], columns=content["columns"])
        for file in report.parent.glob("tables/*.parquet"):  # of wide tables, whole
            tables[file.stem] = pd.read_parquet(file)
    return tables


def outcomes(finding: Finding, first: pd.DataFrame, later: pd.DataFrame) -> Counter[str]:
    """How many of the first table's findings hold in the later one."""
    counts: Counter[str] = Counter()
    for row in found(finding, first).to_dict("records"):
        same = later
        for key in finding.keys:
            same = same[same[key] == row[key]]
        same = same.dropna(subset=[finding.value])
        if same.empty:
            counts[ABSENT] += 1
            continue
        if finding.size:
            same = same.loc[[np.abs(np.log(same[finding.size] / row[finding.size])).idxmin()]]
        counts[_outcome(finding, row, same.iloc[0])] += 1
    return counts


def found(finding: Finding, table: pd.DataFrame) -> pd.DataFrame:
    """The rows that a table names."""
    if finding.named:
        return table[table[finding.verdict].astype(str).str.fullmatch(finding.named)]
    chance = finding.chance_of(table)
    if "low" in table:
        return table[(table["low"] > chance) | (table["high"] < chance)]
    return table[table[finding.value] > chance]


def _outcome(finding: Finding, row: dict[str, float], again: pd.Series) -> str:
    before, after = (of[finding.chance] if isinstance(finding.chance, str) else finding.chance for of in (row, again))
    side = np.sign(row[finding.value] - before)
    if np.sign(again[finding.value] - after) != side:
        return OTHER
    if "low" not in again:
        return AGAIN
    end = again["low"] if side > 0 else again["high"]
    return AGAIN if np.sign(end - after) == side else SIDE


def judged(log: str, retail: str) -> list[str]:
    """The lines of a log: it is analysed at both days."""
    settings, cutoff, day = LOGS[log]
    named, lines = [text.format(retail=retail) for text in settings], []
    first, later = analysed(named, cutoff), analysed(named, day)
    for analysis, finding in FINDINGS.items():
        counts: Counter[str] = Counter()
        for name in first:
            if name == finding.tables or (finding.tables.endswith("_") and name.startswith(finding.tables)):
                empty = first[name].head(0)
                counts += outcomes(finding, first[name], later.get(name, empty))
        if total := counts.total():
            cells = " | ".join(str(counts[name]) for name in (AGAIN, SIDE, OTHER, ABSENT))
            lines.append(f"| {log} | `{analysis}` | {total} | {cells} |")
            print(lines[-1], flush=True)
    return lines


def main(retail: str, folder: str = "", *logs: str) -> None:
    """Analyse these logs, or both, and write the table of all that FOLDER has."""
    place = Path(folder or tempfile.mkdtemp())
    place.mkdir(parents=True, exist_ok=True)
    for log in logs or LOGS:
        (place / f"{log}.txt").write_text("\n".join(judged(log, retail)))
    lines = [(place / f"{log}.txt").read_text() for log in LOGS if (place / f"{log}.txt").exists()]
    Path(__file__).with_suffix(".md").write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
