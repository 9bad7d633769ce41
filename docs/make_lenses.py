"""Write docs/lenses.md from the code: python docs/make_lenses.py. A test holds the file against this.

With a file of settings, the page includes your own lenses: python docs/make_lenses.py conf/lenses/mine.yaml mine.md
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from omegaconf import OmegaConf

from patronage import lenses
from patronage.config import LensesConfig, typed
from patronage.lenses import Lens

HEAD = """# The lenses

Each lens looks at a customer in one way: it asks one question of the log before the cutoff, answers it with features,
and most lenses name segments. What a lens learns of the population (borders, vocabularies) is learned at fit and frozen
in the bundle. A lens without data is left out, and the segment of a customer without evidence is `unknown`. Thresholds,
calendars, vocabularies and weights are in `conf/lenses/`; `patronage check` reports which lenses your data supports.

This page is written by `docs/make_lenses.py` from the code.
"""


def page(config: LensesConfig | None = None) -> str:
    """The whole page, of the lenses of a configuration."""
    config = config or LensesConfig()
    return "\n".join([HEAD, *(_section(lens, config) for lens in lenses.of(config))])


def _section(lens: Lens, config: LensesConfig) -> str:
    told = inspect.getdoc(inspect.getmodule(lens.select)) or ""
    lines = [f"## {lens.name}", "", f"**{lens.question}** Source: {lens.source}.", "", told, ""]
    required = " or ".join(f"`{name}`" for name in lens.requires) or "orders"
    lines += [f"Requires {required}." + (f" Improved by {_list(lens.improved_by)}." if lens.improved_by else "")]
    lines += [f"Reads {_list(lens.reads)}."] if lens.reads else []
    lines += ["", "| feature | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {feature.what} |" for name, feature in lens.described(config).items()]
    for column, labels in lens.labels.items():
        lines += ["", f"| `{column}` | |", "|---|---|"]
        lines += [f"| {label} | {meaning} |" for label, meaning in labels.items()]
    return "\n".join(lines) + "\n"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    conf, target = [*map(Path, sys.argv[1:3]), None, None][:2]
    settings = typed(LensesConfig, OmegaConf.load(conf)) if conf else None
    target = target or Path(__file__).with_name("lenses.md")
    target.write_text(page(settings))
    print(f"wrote {target.name}", file=sys.stderr)
