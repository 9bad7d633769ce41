"""What `patronage VERB --help` prints."""

from __future__ import annotations

from pathlib import Path

from patronage.config.places import conf_dir


def help_of(verb: str) -> str:
    """The verb's configuration as it stands in conf/: every key with its value and reason, and the options."""
    conf = conf_dir()
    main = (conf / f"{verb}.yaml").read_text().split("\nhydra:")[0]
    groups = sorted({line.split(":")[0].strip(" -") for line in main.splitlines() if line.startswith("  - ")})
    lines = [f"usage: patronage {verb} [key=value ...] [group=option ...]", "", main, ""]
    for group in (name for name in groups if (conf / name).is_dir()):
        lines.append(f"{group}=")
        lines += [f"  {path.stem:<18} {_first_comment(path)}" for path in sorted((conf / group).glob("*.yaml"))]
    lines += ["", f"the keys of a group stand in {conf}/GROUP/OPTION.yaml"]
    return "\n".join(lines)


def _first_comment(path: Path) -> str:
    """What an option is: the question of an experiment, or the first comment of its file."""
    for line in path.read_text().splitlines():
        if line.startswith("question: "):
            return line.removeprefix("question: ").strip('"')
    comments = [line[1:].strip() for line in path.read_text().splitlines() if line.startswith("# ")]
    return next((comment for comment in comments if not comment.startswith("@")), "")
