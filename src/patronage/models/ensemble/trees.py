"""LightGBM's text, held against its own form first: on some that is not whole its reader ends the process."""

from __future__ import annotations

import re
from pathlib import Path

import lightgbm as lgb

from patronage.errors import FitError

END, LAST = "end of trees", "pandas_categorical:"  # after the trees come parameters, then this
SIZES = re.compile(r"^tree_sizes=([\d ]*)$", re.M)
PER_LEAF, PER_SPLIT = ("leaf_value",), ("split_feature", "threshold", "left_child", "right_child", "decision_type")


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
