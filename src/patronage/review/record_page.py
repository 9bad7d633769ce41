"""Any other run as one page: its description, then each table with the figure of the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

import pandas as pd

from patronage.names import Artifact
from patronage.review.figures import titled
from patronage.review.page import html
from patronage.review.page.blocks import Block, Chart, More, Page, Picture, Section, Table, Text
from patronage.review.page.html import sentence, words
from patronage.review.record import RunRecord

DPI = 100
KINDS = {
    "analysis": "Questions about all customers together. An association is no cause; brackets hold 95% intervals.",
    "effect": "What contacts that were drawn by lot changed; brackets hold 95% intervals.",
}  # what a page of the kind is
HEADINGS = {  # of tables that are a section
    "effects_average": "What does each contact change on average?",
    "effect_policies": "What does each way of choosing whom to contact earn?",
    "effect_ranking": "How well are customers told apart by their effect?",
    "effect_balance": "Was it a lot? What the arms were like before",
    "effects_by_label": "For whom does it change more or less?",
    "effect_separation": "Which labels tell the effects apart?",
    "effects_by_days": "How does the effect fade?",
    "effects_by_pressure": "Does it fade with many contacts?",
    "intervals": "How often did intervals hold the actual value?",
    "lenses": "What does the data support?",
}
COLUMNS = {  # that are not understood without a word
    "best_1_share": "share paid by the best 1%",
    "best_5_share": "share paid by the best 5%",
    "best_20_share": "share paid by the best 20%",
    "share_paying_80": "share of the buyers who pay 80%",
    "times_others": "times that of the others",
    "profit_per_1000": "profit per 1,000",
    "learned_gain": "by effect earns more",
    "learned_gain_low": "at least more",
    "learned_gain_high": "at most more",
    "p_adjusted": "p, adjusted",
}
Drawn = Chart | tuple[str, bytes]  # or the title of a figure, and its PNG without it
SHARES = (
    "retention", "popularity", "after_any_purchase", "hit_rate", "hit_rate_by_popularity", "of_those_who_stayed",
    "since_usual", "ordered_after_solved", "ordered_after_unsolved", "up_by_30", "up_by_90", "up_by_180", "down_by_90",
)  # of customers, beside those named share  # fmt: skip
ENDS = ("low", "high")  # of an interval
MOST_COLUMNS = 8  # of a table that a page can hold
DRIVER = "driver"  # the column of a feature's name


def with_record_page(
    record: RunRecord,
    title: str,
    notes: Sequence[str] = (),
    finding: str = "",
    chapters: Sequence[tuple[str, str, Sequence[str]]] = (),
    charts: Mapping[str, Chart] | None = None,
) -> RunRecord:
    """The record with a page of its tables and figures among its texts.

    Parameters
    ----------
    notes
        What is missing, a line each.
    finding
        One sentence that answers what the run was made for.
    chapters
        A question, the finding that answers it, and the tables that show it; other tables have sections of their own.
    charts
        Figures that the page draws itself, by the name of their table; others are pictures.
    """
    page = Page(
        words(title),
        KINDS.get(record.kind, record.kind),
        _sections(record, notes, finding, chapters, charts or {}),
        footer="Every table is an artifact of the run.",
    )
    return replace(record, texts={**record.texts, Artifact.REPORT: html.render(page)})


def _sections(
    record: RunRecord,
    notes: Sequence[str],
    finding: str,
    chapters: Sequence[tuple[str, str, Sequence[str]]],
    charts: Mapping[str, Chart],
) -> list[Section]:
    missing: list[Block] = [Text(sentence(note), warning=not chapters) for note in notes]
    if chapters:  # their answers first, and what is missing for a reader who asks
        answers = pd.DataFrame([chapter[:2] for chapter in chapters], columns=["question", "answer"])
        missing = [More(f"What was left out, and why ({len(notes)})", missing)] if notes else []
        missing = [Table(answers, most=len(answers)), *missing]
    opening = Section("In short", sentence(finding or record.description), missing)
    figures: dict[str, Drawn] = {}
    for name, figure in record.figures.items():
        stem = PurePath(name).stem
        figures[stem] = charts[stem] if stem in charts else titled(figure, DPI)
    sections = [opening]
    for question, answer, names in chapters:
        stems = {PurePath(name).stem: record.tables[name] for name in names}
        blocks = [block for stem, frame in stems.items() for block in blocks_of(stem, frame, figures.pop(stem, None))]
        plain = words(answer)  # before its first letter is raised: an abbreviation is known by its small letters
        sections.append(Section(question, plain[:1].upper() + plain[1:], blocks))
    told = {name for _, _, names in chapters for name in names}
    for name, frame in record.tables.items():
        if name in told:
            continue
        stem = PurePath(name).stem
        sections.append(section_of(stem, frame, figures.pop(stem, None)))
    for stem, drawn in figures.items():
        title = _untitled(drawn)[0]
        alone = drawn if isinstance(drawn, Chart) else Picture("", drawn[1], title or _heading(stem))
        sections.append(Section(_heading(stem), title, [alone]))
    return sections


def section_of(stem: str, frame: pd.DataFrame, drawn: Drawn | None = None) -> Section:
    """A table, its figure above it if there is one; the title of the figure is the finding."""
    title, untitled = _untitled(drawn)
    blocks = blocks_of(stem, frame, untitled)
    if blocks and isinstance(blocks[0], Table) and blocks[0].caption == _heading(stem):
        blocks[0] = replace(blocks[0], caption="")  # the section has it
    return Section(HEADINGS.get(stem, _heading(stem)), title, blocks)


def blocks_of(stem: str, frame: pd.DataFrame, drawn: Drawn | None = None) -> list[Block]:
    """The same without a section of its own."""
    if frame.empty:
        return [Text(f"{_heading(stem)}: nothing that is more than chance.")]
    frame = frame.dropna(axis="columns", how="all")  # what the log does not hold
    if {DRIVER, "what"} <= set(frame) and frame["what"].ne("").all():
        frame = frame.drop(columns=DRIVER)  # the same in the words of the code
    shown = frame.iloc[:, :MOST_COLUMNS]
    hidden = frame.shape[1] - shown.shape[1]
    more = "1 more column is" if hidden == 1 else f"{hidden} more columns are"
    left = f"; {more} in the table {stem} of the run" if hidden else ""
    formats = {COLUMNS.get(name, name): form for name, form in _formats(shown).items()}
    table = Table(shown.rename(columns=COLUMNS), f"{_heading(stem)}{left}", formats, verbatim=("would need",))
    if drawn is None:
        return [table]
    figure = drawn if isinstance(drawn, Chart) else Picture(*drawn, f"{_heading(stem)}; the numbers are below.")
    return [
        figure,
        More(f"The numbers: {len(frame):,} row{'s' if len(frame) != 1 else ''}", [table]),
    ]


def _untitled(drawn: Drawn | None) -> tuple[str, Drawn | None]:
    """The title of a figure, and the figure without it."""
    if drawn is None:
        return "", None
    return (drawn.title, replace(drawn, title="")) if isinstance(drawn, Chart) else (drawn[0], ("", drawn[1]))


def _formats(frame: pd.DataFrame) -> Mapping[str, str]:
    """Shares in percent, and the ends of an interval as the value before them."""
    names = [str(name) for name in frame]
    formats = {name: ".1%" for name in names if name in SHARES or name.startswith("share_") or name.endswith("share")}
    for place, name in enumerate(names):
        if name in ENDS and place and (of := formats.get(names[place - 1])):
            formats[name] = of
    return formats


def _heading(stem: str) -> str:
    return stem.replace("_", " ").capitalize()
