"""Any other run as one page: its description, then each table with the figure of the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

import pandas as pd

from patronage.names import Artifact
from patronage.review.figures import png
from patronage.review.page import html
from patronage.review.page.blocks import Block, More, Page, Picture, Section, Table, Text
from patronage.review.record import RunRecord

DPI = 100
ENDS = ("low", "high")  # of an interval
MOST_COLUMNS = 8  # of a table that a page can hold


def with_record_page(
    record: RunRecord,
    title: str,
    notes: Sequence[str] = (),
    finding: str = "",
    chapters: Sequence[tuple[str, str, Sequence[str]]] = (),
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
    """
    page = Page(
        title, record.kind, _sections(record, notes, finding, chapters), footer="Every table is an artifact of the run."
    )
    return replace(record, texts={**record.texts, Artifact.REPORT: html.render(page)})


def _sections(
    record: RunRecord, notes: Sequence[str], finding: str, chapters: Sequence[tuple[str, str, Sequence[str]]]
) -> list[Section]:
    missing: list[Block] = [Text(note, warning=not chapters) for note in notes]
    if chapters:  # their answers first, and what is missing for a reader who asks
        answers = pd.DataFrame([chapter[:2] for chapter in chapters], columns=["question", "answer"])
        missing = [More(f"What was left out, and why ({len(notes)})", missing)] if notes else []
        missing = [Table(answers, most=len(answers)), *missing]
    opening = Section("In short", finding or record.description, missing)
    figures = {PurePath(name).stem: png(figure, DPI) for name, figure in record.figures.items()}
    sections = [opening]
    for question, answer, names in chapters:
        parts = [section_of(stem, record.tables[name], figures.pop(stem, b"")) for name in names
                 for stem in (PurePath(name).stem,)]  # fmt: skip
        blocks = [block for part in parts for block in (Text(f"{part.title}: {part.finding}"), *part.blocks)]
        sections.append(Section(question, answer, blocks))
    told = {name for _, _, names in chapters for name in names}
    for name, frame in record.tables.items():
        if name in told:
            continue
        stem = PurePath(name).stem
        sections.append(section_of(stem, frame, figures.pop(stem, b"")))
    for stem, picture in figures.items():
        sections.append(Section(_words(stem), "", [Picture(_words(stem), picture, _words(stem))]))
    return sections


def section_of(stem: str, frame: pd.DataFrame, picture: bytes = b"") -> Section:
    """A table, its figure above it if there is one."""
    shown = frame.iloc[:, :MOST_COLUMNS]
    hidden = frame.shape[1] - shown.shape[1]
    size = f"{len(frame):,} rows" + (f"; {hidden} more columns are in the table" if hidden else "")
    table = Table(shown, formats=_formats(shown))
    if not picture:
        return Section(_words(stem), size, [table])
    drawn = Picture(_words(stem), picture, f"{_words(stem)}; the table has the numbers.")
    return Section(_words(stem), size, [drawn, More("The numbers", [table])])


def _formats(frame: pd.DataFrame) -> Mapping[str, str]:
    """Shares in percent, and the ends of an interval as the value before them."""
    names = [str(name) for name in frame]
    formats = {name: ".1%" for name in names if name == "retention" or name.endswith(("share", "_share"))}
    for place, name in enumerate(names):
        if name in ENDS and place and (of := formats.get(names[place - 1])):
            formats[name] = of
    return formats


def _words(stem: str) -> str:
    return stem.replace("_", " ")
