"""Run the notebooks after `make run` and keep what they show: `make notebooks`.

A notebook that writes to stderr fails: what a reader sees in red is a fault. Pictures are kept small.
"""

from __future__ import annotations

import base64
import io
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MOST_BYTES = 400_000
COLOURS = 64  # of a kept picture: a figure has fewer, its soft edges apart
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"


def keep(path: Path, root: Path) -> None:
    """Run one notebook where its runs are, and write it back with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(root)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise SystemExit(f"{path.name}: written in red: {output['text'][:300]}")
            if picture := output.get("data", {}).get("image/png"):
                output["data"]["image/png"] = small(picture)
    text = nbformat.writes(notebook).replace(str(root), ".")
    if len(text) > MOST_BYTES:
        raise SystemExit(f"{path.name}: {len(text):,} bytes; expected at most {MOST_BYTES:,}: show less, or smaller")
    path.write_text(text + "\n")
    print(f"{path.name}: {len(text):,} bytes")


def small(picture: str) -> str:
    """A picture of few colours, in base64 as a notebook keeps it."""
    kept = io.BytesIO()
    full = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    full.quantize(COLOURS, dither=Image.Dither.NONE).save(kept, format="png", optimize=True)
    return base64.b64encode(kept.getvalue()).decode()


if __name__ == "__main__":
    wanted = sys.argv[2:] or sorted(str(path) for path in HERE.glob("*.ipynb"))
    for name in wanted:
        keep(Path(name), Path(sys.argv[1]) if sys.argv[1:] else ROOT)
