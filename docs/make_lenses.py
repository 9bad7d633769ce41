"""Write docs/lenses.md from the code: python docs/make_lenses.py. A test holds the file against this."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from patronage.lenses import LENSES, Lens

HEAD = """# The lenses

Ways of looking at a customer: each asks one question of the log before the cutoff, answers it with features, and most
name segments. What a lens learns of the population (borders, vocabularies) is learned at fit and frozen in the bundle.
A lens with nothing to go on is left out, and of a customer without evidence it says `unknown`. Thresholds, calendars,
vocabularies and weights stand in `conf/lenses/`; `patronage check` says which lenses your data supports.

This page is written by `docs/make_lenses.py` from the code.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(lens) for lens in LENSES)])


def _section(lens: Lens) -> str:
    module = inspect.getmodule(lens.select)
    told = inspect.getdoc(module) or ""
    lines = [f"## {lens.name}", "", f"**{lens.asks}** Source: {lens.source}.", "", told, ""]
    needs = " or ".join(f"`{need}`" for need in lens.needs) or "orders"
    lines += [f"Needs {needs}." + (f" Says more with {_list(lens.wants)}." if lens.wants else ""), ""]
    lines += ["| feature | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {feature.what} |" for name, feature in lens.features.items()]
    for column, labels in lens.answers.items():
        lines += ["", f"| `{column}` | |", "|---|---|"]
        lines += [f"| {label} | {meaning} |" for label, meaning in labels.items()]
    return "\n".join(lines) + "\n"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    target = Path(__file__).with_name("lenses.md")
    target.write_text(page())
    print(f"wrote {target.name}", file=sys.stderr)
