"""How many small changes of the code do the tests notice? Of the rooms where a wrong sign stays unseen for long.

    pip install mutmut && mutmut run && python benchmarks/mutation.py

mutmut (https://mutmut.readthedocs.io) changes one thing at a time (a comparison, a sign, a number, an argument) and
runs the quick tests that reach it; `[tool.mutmut]` in pyproject.toml says where. This script writes `mutation.md` from
what it left in the folder `mutants`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
SURVIVED, NO_TEST = (0,), (5, 33)  # exit codes of mutmut


def counts(meta: Path, source: Path) -> dict[str, object]:
    """The row of a module."""
    codes = list(json.loads(meta.read_text())["exit_code_by_key"].values())
    judged = [code for code in codes if code is not None]
    survived, missed = (sum(code in kind for code in judged) for kind in (SURVIVED, NO_TEST))
    return {
        "module": str(meta.relative_to(source)).removesuffix(".py.meta"),
        "changes": len(codes),
        "judged": len(judged),
        "noticed": len(judged) - survived - missed,
        "survived": survived,
        "no quick test": missed,
    }


def main(mutants: Path) -> None:
    """Write the table."""
    source = mutants / "src" / "patronage"
    rows = [counts(meta, source) for meta in sorted(source.rglob("*.meta"))]
    table = pd.DataFrame([row for row in rows if row["changes"]])
    total = table.drop(columns="module").sum()
    table.loc[len(table)] = {"module": "all", **total}
    table["noticed, %"] = (100 * table["noticed"] / table["judged"].where(table["judged"] > 0)).round(1)
    text = [
        "# Small changes of the code that the tests notice",
        "",
        "Made by `benchmarks/mutation.py` from a run of mutmut over the quick tests; `judged` is how many of the",
        "changes were tried before the run was ended. Of those that survive many change nothing that can be seen: a",
        "type that is the default, the order of a stable sort, the wording of a message.",
        "",
        "| " + " | ".join(table.columns) + " |",
        "|---|" + "---:|" * (len(table.columns) - 1),
        *("| " + " | ".join("" if pd.isna(v) else str(v) for v in row) + " |" for row in table.itertuples(index=False)),
    ]
    (HERE / "mutation.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path("mutants"))
