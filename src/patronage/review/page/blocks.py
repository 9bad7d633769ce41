"""What a page holds. Every text is escaped when the page is made; nothing here knows HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import pandas as pd


@dataclass(frozen=True)
class Fact:
    """A number or a few words under its label; `note` says what it rests on."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Facts:
    """Facts side by side."""

    items: Sequence[Fact]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Text:
    """A paragraph; with `warning`, one that a reader must not miss."""

    text: str
    warning: bool = False
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Table:
    """A table that the reader can sort.

    Attributes
    ----------
    frame
        A row per row; numbers stay numbers.
    formats
        Column to a format of `format`, such as ",.0f" or ".0%"; numbers without one have three digits that matter.
    marks
        Text of a cell to good, bad or odd.
    most
        Rows shown; the page says how many more there are.
    verbatim
        Columns whose text is to be typed again, such as keys; of others `at_risk` is shown as two words.
    """

    frame: pd.DataFrame
    caption: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    most: int = 15
    verbatim: Sequence[str] = ()
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Chart:
    """A figure.

    Attributes
    ----------
    title
        The finding, in words.
    spec
        Vega-Lite, as `charts` makes it. A parameter `group` follows the choice of the page.
    description
        What a reader who does not see the figure needs to know.
    picture
        PNG for a reader without scripts; empty: the figure's numbers stand in a table instead.
    """

    title: str
    spec: Mapping[str, Any]
    description: str
    picture: bytes = b""
    kind: ClassVar[str] = "chart"


@dataclass(frozen=True)
class Picture:
    """A finished drawing as PNG, such as ribbons between two runs."""

    title: str
    png: bytes
    description: str
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Card:
    """A group of customers: its name, one sentence, facts, and lines under headings.

    Attributes
    ----------
    group
        The value of the page's choice that this card belongs to.
    lines
        Heading to text, or to several texts, each a line of its own.
    """

    title: str
    sentence: str
    facts: Sequence[Fact]
    lines: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True)
class Cards:
    """Cards side by side."""

    items: Sequence[Card]
    kind: ClassVar[str] = "cards"


@dataclass(frozen=True)
class More:
    """Blocks that a reader opens."""

    title: str
    blocks: Sequence[Block]
    kind: ClassVar[str] = "more"


Block: TypeAlias = Facts | Text | Table | Chart | Picture | Cards | More


@dataclass(frozen=True)
class Section:
    """A question, and the finding that answers it, before the blocks that show it."""

    title: str
    finding: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes
    ----------
    choice
        Label of the choice that the charts follow, and the groups to choose from; none: no choice.
    """

    title: str
    subtitle: str
    sections: Sequence[Section]
    choice: tuple[str, Sequence[str]] | None = None
    footer: str = ""
