"""Files as one relation: what each is, by its content and not its name, and whether they agree."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape, glob, has_magic
from pathlib import Path

import pyarrow as pa

from patronage.data.finding import DataFinding
from patronage.data.keys import CONF, Keys
from patronage.data.parquet_files import parquet_relation
from patronage.data.text_files import first_break, is_utf8, remedy, to_utf8
from patronage.engine import Engine
from patronage.errors import ConfigError, DataError
from patronage.temporary import TemporaryFolder

DELIMITERS = (",", ";", "\t", "|")
FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".duckdb": "duckdb", ".ddb": "duckdb", ".json": "json", ".jsonl": "json", ".ndjson": "json",
}  # fmt: skip
PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
REFUSED = {
    b"PK\x03\x04": "a zip or an Excel file; unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save the sheet as CSV",
    b"BZh": "packed by bzip2; unpack it, or pack it by gzip or zstd",
    b"\xfd7zXZ": "packed by xz; unpack it, or pack it by gzip or zstd",
    b"SQLite": "an SQLite database; export the table as CSV or Parquet",
}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LOOK = 4096  # bytes that tell what a file is
HEAD = 20  # lines among which a header is looked for below a title
UNNAMED = "unnamed"  # the empty column behind the last delimiter of every line


@dataclass(frozen=True)
class Location:
    """Where a table is.

    Attributes
    ----------
    relation
        SQL: what may stand behind FROM.
    findings
        What its files disagree in.
    files
        One relation for each file, by its name, where there are several; else empty.
    copied
        Whether the relation is a copy in the engine, to be dropped when the table is behind the door.
    own
        Whether the relation reads files that the engine has copied for itself: they stay as they are.
    held
        The folder of copies that the relation reads: they go with it.
    """

    relation: str
    findings: tuple[DataFinding, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    copied: bool = False
    own: bool = False
    held: TemporaryFolder | None = None


@dataclass(frozen=True)
class FileForm:
    """What a file is: csv, json, parquet or duckdb, packed or not, and the file to read it from."""

    kind: str
    packed: str | None = None
    copy: str | None = None

    def place(self, path: str) -> str:
        """Where the text of a file is in UTF-8: in a copy, or in the file."""
        return self.copy or path


def expand(name: str, path: str | Sequence[str] | None, keys: Keys = CONF) -> list[str]:
    """List the files behind a path, a folder, a glob or a list of them; the files of a glob are sorted.

    Raises
    ------
    ConfigError
        No path is given.
    DataError
        A path matches no file, or the file is empty.
    """
    patterns = [path] if isinstance(path, str) else list(path or []) if isinstance(path, Sequence) else []
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise ConfigError(f"{keys.option(name, 'path', path or 'null')}: expected a file, a glob or a list of them")
    files: list[str] = []
    for pattern in patterns:
        matches = _matches(pattern)
        if not matches:
            raise DataError(f"{keys.option(name, 'path', pattern)}: no such file; paths are relative to {Path.cwd()}")
        files += matches
    for file in files:
        if Path(file).stat().st_size == 0:
            raise DataError(f"{file} is empty; expected a header line and rows below it")
    return files


def _matches(pattern: str) -> list[str]:
    """The files of one path: itself, those of a glob, or those in a folder but hidden ones and markers (`_SUCCESS`)."""
    if Path(pattern).is_dir():
        inside = sorted(glob(f"{escape(pattern)}/**", recursive=True))
        visible = (path for path in inside if not Path(path).name.startswith(("_", ".")))
        return [path for path in visible if Path(path).is_file()]
    if has_magic(pattern) and not Path(pattern).is_file():  # `orders [1].csv` is a name too
        return [match for match in sorted(glob(pattern, recursive=True)) if Path(match).is_file()]
    return [pattern] if Path(pattern).is_file() else []


def form_of(name: str, path: str, given: str | None, keys: Keys = CONF, *, advice: str | None = None) -> FileForm:
    """What a file is: by its content, else by the given format or the name.

    Parameters
    ----------
    advice
        What to do about text that is not UTF-8; None: give its encoding by the table's setting.

    Raises
    ------
    ConfigError
        Neither says it.
    DataError
        The file is of a form that nobody here reads.
    """
    start, packed = _start(path)
    if why := next((why for magic, why in REFUSED.items() if start.startswith(magic)), None):
        raise DataError(f"{path} is {why}")
    if start.startswith(UTF_16) or (b"\x00" in start[:2] and start[2:4].count(b"\x00") == 1):  # with a mark or without
        raise DataError(f"{path} is UTF-16 text and not UTF-8 text; {advice or remedy(name, keys, 'utf-16')}")
    suffix = next((FORMATS[part] for part in reversed(Path(path.lower()).suffixes) if part in FORMATS), None)
    if start.startswith(b"PAR1") or start[8:12] == b"DUCK":
        binary = "parquet" if start.startswith(b"PAR1") else "duckdb"
        if packed:
            raise DataError(f"{path} is {binary} packed by {packed}; unpack it: {binary} is compressed inside")
        return FileForm(binary)
    if given is None and start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return FileForm("json", packed)
    kind = given or suffix
    if kind is None:
        setting = keys.option(name, "format", "csv|json|parquet|duckdb")
        raise ConfigError(f"{path}: neither .csv, .json, .parquet nor .duckdb; say which by {setting}")
    if kind not in FORMATS.values():
        raise ConfigError(f"{keys.option(name, 'format', kind)}; expected csv, json, parquet or duckdb")
    return FileForm(kind, packed)


def _start(path: str) -> tuple[bytes, str | None]:
    """The first bytes of a file, unpacked, and by what they were packed."""
    try:
        with open(path, "rb") as file:
            start = file.read(LOOK)
        packed = next((name for magic, name in PACKED.items() if start.startswith(magic)), None)
        if packed is not None:
            with pa.input_stream(path, compression=packed) as stream:
                start = stream.read(LOOK)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return start, packed


def files_location(
    engine: Engine, name: str, paths: list[str], given: str | None, keys: Keys, *, encoding: str | None = None
) -> Location:
    """One relation over files of one form.

    Parameters
    ----------
    encoding
        Of text files that are not UTF-8: they are read from a copy that is.

    Raises
    ------
    DataError
        They are of different forms, disagree in their columns, or are no text of this encoding.
    """
    copies = None
    if encoding:
        copies, forms = _copied(name, paths, given, keys, encoding)
    else:
        forms = {path: form_of(name, path, given, keys) for path in paths}
    kinds = {form.kind for form in forms.values()}
    if len(kinds) > 1:
        one, other = (next(path for path, form in forms.items() if form.kind == kind) for kind in sorted(kinds)[:2])
        raise DataError(f"{one} and {other} are of different formats ({', '.join(sorted(kinds))}); name those of one")
    if kinds == {"parquet"}:
        relation, findings, own = parquet_relation(engine, name, paths)
        files = tuple((path, engine.parquet([path])) for path in paths)
        return Location(relation, findings, files if len(paths) > 1 else (), own=own)
    if kinds == {"json"}:
        return Location(_together(_json(engine, forms, remedy(name, keys))), held=copies)
    relation, files = _csv(engine, forms, remedy(name, keys))
    return Location(relation, files=files if len(paths) > 1 else (), held=copies)


def _copied(
    name: str, paths: list[str], given: str | None, keys: Keys, encoding: str
) -> tuple[TemporaryFolder, dict[str, FileForm]]:
    """Copies of text files in UTF-8, unpacked, in a folder of their own, and what each is."""
    setting, folder = keys.option(name, "encoding", encoding), TemporaryFolder()
    forms = {}
    for number, path in enumerate(paths):
        start, packed = _start(path)
        if start.startswith((b"PAR1", *REFUSED)) or start[8:12] == b"DUCK":
            raise ConfigError(f"{setting}: {path} is no text file; leave it out")
        place = folder.path / str(number)
        place.mkdir()
        copy = str(place / Path(path).name)
        mixed = len(paths) > 1 and is_utf8(path, packed)  # the exports of one system before and after it was changed
        to_utf8(path, packed, "utf-8" if mixed else encoding, copy, setting)
        forms[path] = FileForm(form_of(name, copy, given, keys).kind, copy=copy)
    return folder, forms


def _together(relations: list[str], columns: str = "*") -> str:
    """SQL: the rows of all relations."""
    if len(relations) == 1:
        return relations[0]
    return "(" + " UNION ALL ".join(f"SELECT {columns} FROM {relation}" for relation in relations) + ")"


def _csv(engine: Engine, forms: dict[str, FileForm], advice: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """One relation over CSV files, and one for each; no type is guessed from the rows."""
    first = next(iter(forms))
    headers = {path: _header(path, form, advice) for path, form in forms.items()}
    for path, (names, _) in headers.items():
        if sorted(names) != sorted(headers[first][0]):
            raise DataError(
                f"{path} has other columns ({', '.join(names)}) than {first} ({', '.join(headers[first][0])}); "
                "give files of one form, or make them so"
            )
    groups: dict[tuple[str, str, str | None], list[str]] = {}
    for path, (names, delimiter) in headers.items():
        groups.setdefault(("\n".join(names), delimiter, forms[path].packed), []).append(path)
    relations = [
        engine.csv([forms[path].place(path) for path in paths], headers[paths[0]][0], delimiter, packed)
        for (_, delimiter, packed), paths in groups.items()
    ]
    files = tuple((path, engine.csv([form.place(path)], *headers[path], form.packed)) for path, form in forms.items())
    return _together(relations, ", ".join(engine.quote(name) for name in headers[first][0])), files


def _header(path: str, form: FileForm, advice: str) -> tuple[list[str], str]:
    """Read the column names and the delimiter of a CSV file; the advice is for one that is not UTF-8."""
    try:
        with pa.input_stream(form.place(path), compression=form.packed) as stream:
            start = stream.read(LOOK * 16)
        line = start.splitlines()[0].decode("utf-8-sig") if start else ""
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (line 1); {advice}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    delimiter = max(DELIMITERS, key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{path}: the header names {', '.join(repeated)} twice; give every column a name of its own")
    if len(names) > 1 and not names[-1] and all(names[:-1]):
        names[-1] = UNNAMED  # every line ends with a delimiter
    if not all(names):
        raise DataError(f"{path}: the header {line.strip()!r} leaves a column without a name; expected a header line")
    _check_first(path, line, start)
    return names, delimiter


def _check_first(path: str, line: str, start: bytes) -> None:
    """Refuse a file that begins with a title or a comment: a line of one field, where later ones have several."""
    if any(delimiter in line for delimiter in DELIMITERS):
        return
    for number, later in enumerate(start.decode("utf-8", errors="replace").splitlines()[1:HEAD], start=2):
        fields = max(later.count(delimiter) for delimiter in DELIMITERS)
        if fields > 1:
            raise DataError(
                f"{path} begins with {line.strip()[:60]!r}, and the columns are named in line {number} "
                f"({later.strip()[:60]}); read a copy without the lines above it"
            )


def _json(engine: Engine, forms: dict[str, FileForm], advice: str) -> list[str]:
    """Relations over JSON files, a text column for each key that any of the rows has."""
    groups = {
        packed: [form.place(path) for path, form in forms.items() if form.packed == packed]
        for packed in dict.fromkeys(form.packed for form in forms.values())
    }
    try:
        names = sorted({key for packed, paths in groups.items() for key in engine.json_keys(paths, packed)})
    except engine.failure as error:
        broken = (first_break(path, form.place(path), form.packed, advice) for path, form in forms.items())
        if line := next(filter(None, broken), None):
            raise DataError(line) from error
        reason = str(error).splitlines()[0]
        raise DataError(f"the JSON cannot be read: {reason[:300]}; expected one whole object a line") from error
    if not names:
        raise DataError(f"{next(iter(forms))} holds no JSON objects; expected one for each row")
    return [engine.json(paths, names, packed) for packed, paths in groups.items()]
