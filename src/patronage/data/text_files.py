"""Text files that are not UTF-8, and JSON that breaks off."""

from __future__ import annotations

import codecs
import io
import json

import pyarrow as pa

from patronage.data.keys import Keys
from patronage.errors import ConfigError, DataError

COMMON = "cp1252"  # what Windows and older systems of the West write
ELSEWHERE = "cp1250 in Central Europe, cp1251 for Cyrillic"
CHUNK = 1 << 20  # bytes


def remedy(name: str, keys: Keys, encoding: str = COMMON) -> str:
    """What to do about a text file that is not UTF-8."""
    elsewhere = f" ({ELSEWHERE})" if encoding == COMMON else ""
    return f"save it as UTF-8, or name its encoding, such as {keys.option(name, 'encoding', encoding)}{elsewhere}"


def is_utf8(path: str, packed: str | None) -> bool:
    """Whether a file is text of UTF-8 beyond ASCII: hardly any text of another encoding is by chance."""
    decoder, beyond = codecs.getincrementaldecoder("utf-8")(), False
    try:
        with pa.input_stream(path, compression=packed) as stream:
            while chunk := stream.read(CHUNK):
                beyond = beyond or not chunk.isascii()
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except (UnicodeDecodeError, OSError):
        return False
    return beyond


def to_utf8(path: str, packed: str | None, encoding: str, copy: str, setting: str) -> None:
    """Write a text file again as UTF-8, unpacked; line ends stay as they are.

    Parameters
    ----------
    setting
        How a message names the encoding.

    Raises
    ------
    ConfigError
        There is no such encoding.
    DataError
        The file is no text of this encoding, or cannot be read or written.
    """
    try:
        "".encode(encoding)
    except LookupError as error:
        raise ConfigError(f"{setting}: no such encoding; expected one of Python's, such as {COMMON}, utf-16") from error
    decoder, lines = codecs.getincrementaldecoder(encoding)(), 1
    try:
        with pa.input_stream(path, compression=packed) as stream, open(copy, "w", encoding="utf-8", newline="") as file:
            while chunk := stream.read(CHUNK):
                part = decoder.decode(chunk)
                lines += part.count("\n")
                file.write(part)
            file.write(decoder.decode(b"", final=True))
    except UnicodeError as error:
        before = error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0
        raise DataError(
            f"{setting}: {path} is no text of this encoding (line {lines + before}); name another"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read, or copied as UTF-8: {error}") from error


def first_break(path: str, place: str, packed: str | None, advice: str) -> str | None:
    """The line of a message about the first place at which a JSON file is no JSON; None where there is none.

    Parameters
    ----------
    place
        Where the text of the file is.
    advice
        What to do about text that is not UTF-8.
    """
    try:
        with pa.input_stream(place, compression=packed) as stream:
            return _break_of(path, io.BufferedReader(stream), advice)
    except OSError:  # a damaged archive, of which the engine tells
        return None


def _break_of(path: str, lines: io.BufferedReader, advice: str) -> str | None:
    is_list, first, broken = False, True, None
    for number, line in enumerate(lines, start=1):
        text = line.lstrip(b"\xef\xbb\xbf").strip()
        if not text:
            continue
        if not _is_utf8(text):
            return f"{path} is not UTF-8 text (line {number}); {advice}"
        is_list = is_list or (first and text.startswith(b"["))
        if is_list:  # all rows on any number of lines
            broken = None if text.endswith(b"]") else number
        elif broken is not None:
            return f"{path}: line {broken} is no whole JSON object; correct it, or read a copy without the line"
        elif not _is_json(text):
            if first:  # no object a line: the engine tells
                return None
            broken = number
        first = False
    if broken is None:
        return None
    where = f"{path} breaks off in line {broken}, the last" + (": its list of rows has no end" if is_list else "")
    return f"{where}; its writer was stopped: write the file again, or read a copy without the row that is not whole"


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
