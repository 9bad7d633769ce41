"""LightGBM's text, held against its own form first: on some that is not whole its reader ends the process."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb

from patronage.errors import FitError
from patronage.models.ensemble.encoding import Encoding

END, LAST = "end of trees", "pandas_categorical:"  # after the trees come parameters, then this
SIZES = re.compile(r"^tree_sizes=([\d ]*)$", re.M)
PER_LEAF, PER_SPLIT = ("leaf_value",), ("split_feature", "threshold", "left_child", "right_child", "decision_type")

TREES = "trees.txt"


def save_with_trees(model: Any, path: Path) -> None:
    """Write a dataclass with an `encoding` and a `booster` that may be None: JSON, and LightGBM's text beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = asdict(replace(model, booster=None))
    del state["booster"]
    path.write_text(json.dumps(state, indent=1))
    if model.booster is not None:
        write_trees(model.booster, path.with_name(TREES))


def load_with_trees(path: Path) -> dict[str, Any]:
    """The fields that `save_with_trees` wrote; but for encoding and booster as JSON gives them.

    Raises
    ------
    FitError
        The trees are not whole.
    """
    state: dict[str, Any] = json.loads(path.read_text())
    encoding, trees = state["encoding"], path.with_name(TREES)
    levels = {name: tuple(values) for name, values in encoding["levels"].items()}
    state["encoding"] = Encoding(tuple(encoding["columns"]), levels)
    state["booster"] = read_trees(trees) if trees.is_file() else None
    return state


def write_trees(booster: lgb.Booster, path: Path) -> None:
    """Write a booster as text; a full disk is an `OSError`, which of LightGBM's own writer it is not."""
    path.write_text(booster.model_to_string())


def read_trees(path: Path) -> lgb.Booster:
    """The booster of a file.

    Raises
    ------
    FitError
        The file is cut off or was altered, so that LightGBM could not read it.
    """
    text = path.read_text(errors="replace")
    if reason := _flaw(text):
        raise FitError(f"{path}: no whole LightGBM model ({reason}); restore the file, or train it again")
    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise FitError(f"{path}: LightGBM cannot read it ({error}); restore the file, or train it again") from error


def _flaw(text: str) -> str:
    """What is wrong with the text; empty where nothing is."""
    sizes = SIZES.search(text)
    if not text.startswith("tree\n") or sizes is None or END not in text or LAST not in text:
        return "its beginning or end is missing"
    body = text[sizes.end() :].lstrip("\n")
    start = 0
    for number, size in enumerate(int(size) for size in sizes[1].split()):
        flaw = _flaw_of_tree(body[start : start + size], number)
        if flaw:
            return flaw
        start += size
    return "" if body[start:].lstrip().startswith(END) else f"{END} is not where the trees end"


def _flaw_of_tree(tree: str, number: int) -> str:
    lines = dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)
    if not tree.startswith(f"Tree={number}\n") or not lines.get("num_leaves", "").isdigit():
        return f"tree {number} does not begin"
    leaves = int(lines["num_leaves"])
    for names, wanted in ((PER_LEAF, leaves), (PER_SPLIT, leaves - 1)):
        for name in names:
            given = lines.get(name, "").split()
            if leaves > 1 and (len(given) != wanted or not all(map(_is_number, given))):
                return f"tree {number} has {len(given)} of {wanted} {name}"
    inner = [int(child) for name in ("left_child", "right_child") for child in lines.get(name, "").split()]
    if any(not -leaves <= child < max(leaves - 1, 1) for child in inner) and leaves > 1:
        return f"tree {number} points outside of itself"
    return ""


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
