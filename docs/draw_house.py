"""Draws docs/architecture.svg: the rooms of the package on their floors, and an arrow for each import between rooms.

python docs/draw_house.py
"""

from __future__ import annotations

import ast
import runpy
from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

REPO = Path(__file__).resolve().parents[1]
SOURCE = REPO / "src" / "patronage"
RULES = runpy.run_path(str(REPO / "tests" / "test_house_rules.py"))
FLOORS = RULES["FLOORS"]
EVERYWHERE = {"names", "errors", "typing", "config"}  # imported by almost every room: no arrows


def arrows() -> Counter[tuple[str, str]]:
    """How many files of a room import another room."""
    counts: Counter[tuple[str, str]] = Counter()
    for path in sorted(SOURCE.rglob("*.py")):
        room = RULES["room"](path)
        names = RULES["imports"](ast.parse(path.read_text()))
        targets = {name.split(".")[1] for name in names if name.startswith("patronage.")} & RULES["LEVEL"].keys()
        counts.update((room, target) for target in targets - {room} - EVERYWHERE if room in RULES["LEVEL"])
    return counts


def lines(room: str) -> int:
    """Lines of code of a room."""
    files = (SOURCE / room).rglob("*.py") if (SOURCE / room).is_dir() else [SOURCE / f"{room}.py"]
    return sum(len(path.read_text().splitlines()) for path in files)


def main() -> None:
    """Place the floors from top to bottom, as a reader goes from a command down to the names."""
    places = {
        room: ((number + 0.5) / len(floor), level)
        for level, floor in enumerate(FLOORS)
        for number, room in enumerate(floor)
    }
    figure, axes = plt.subplots(figsize=(11, 12))
    for (room, target), files in arrows().items():
        (x, y), (to_x, to_y) = places[room], places[target]
        bend = 0.15 + 0.03 * abs(y - to_y)
        axes.annotate(
            "", (to_x, to_y + 0.28), (x, y - 0.28),
            arrowprops={"arrowstyle": "-|>", "color": "#8a97a8", "lw": min(0.4 + files / 12, 2.5), "alpha": 0.55,
                        "connectionstyle": f"arc3,rad={bend if x <= to_x else -bend}"},
        )  # fmt: skip
    for room, (x, y) in places.items():
        axes.text(x, y, f"{room}\n{lines(room):,} lines", ha="center", va="center", fontsize=9,
                  bbox={"boxstyle": "round,pad=0.35", "fc": "white", "ec": "#2f5d8a"})  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(-0.6, len(FLOORS) - 0.4))
    axes.axis("off")
    axes.set_title(
        "The rooms: each imports only those below it. All import names, errors, typing and config", fontsize=11
    )
    matplotlib.rcParams["svg.hashsalt"] = "patronage"
    figure.savefig(REPO / "docs" / "architecture.svg", bbox_inches="tight", metadata={"Date": None})
    print("docs/architecture.svg")


if __name__ == "__main__":
    main()
