"""The columns of the analyses that docs/practice.md and docs/glossary.md have a line for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conftest import REPO

PRACTICE, GLOSSARY = ((REPO / "docs" / f"{name}.md").read_text() for name in ("practice", "glossary"))
DESCRIBED = {
    name
    for page in (PRACTICE.split("## The columns of the tables and lists")[1].split("\n## ")[0], GLOSSARY)
    for line in page.splitlines()
    if line.startswith("| `")
    for name in re.findall(r"`([^`]+)`", line.split(" | ")[0])
}
FAMILIES = re.compile(r"profile_\w+|month_\d\d")


def undescribed(columns: Iterable[object]) -> list[str]:
    """The columns without a line."""
    return [name for name in map(str, columns) if name not in DESCRIBED and not FAMILIES.fullmatch(name)]
