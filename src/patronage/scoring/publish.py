"""The atomic move: readers see the old result or the new one, and what is not ours stays where it is."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
from pathlib import Path

import pyarrow.parquet as pq

from patronage import journal
from patronage.engine import DuckDB, Spark, text
from patronage.scoring import mark
from patronage.scoring.claim import Claim
from patronage.scoring.target import CATALOG, FILE, FOLDER
from patronage.scoring.work import Work, settle

log = logging.getLogger(__name__)

NO_REPLACE, EXCHANGE, HERE = 1, 2, -100  # RENAME_NOREPLACE, RENAME_EXCHANGE and AT_FDCWD of linux/fs.h and fcntl.h
ABSENT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)  # this kernel or file system has no such rename


def publish(work: Work, claim: Claim, engine: DuckDB, cluster: Spark | None = None) -> None:
    """Put the finished shares where the result belongs, replacing an older one, and clear the working folder.

    Parameters
    ----------
    cluster
        Whose catalog a table of the catalog belongs to.

    Raises
    ------
    OutputError
        Something that is not a result of ours has come to stand there meanwhile; it stays.
    """
    target = claim.target
    claim.check(cluster)
    if target.kind == FOLDER:
        mark.write_manifest(work.parts)
        settle(work.parts / mark.MANIFEST)
        work.parts.rename(work.ready)  # a job that is killed from here on begins afresh
        _move(work.ready, claim)
    elif target.kind == FILE:
        _join(work)
        _move(work.ready, claim)
    elif target.kind == CATALOG and cluster is not None:
        rows, columns = _content(work)
        cluster.save(target.table, [path.as_uri() for path in work.files], {mark.KEY: mark.mark_of(rows, columns)})
    else:
        _store(work, claim, engine)
    journal.note(f"{target} is complete")
    try:
        settle(target.path.parent)
        work.clear()
    except OSError as error:  # the result stands
        log.warning("%s is complete, but its working folder %s could not be removed: %s", target, work.folder, error)


def _content(work: Work) -> tuple[int, list[str]]:
    """Rows and columns of all shares."""
    rows = sum(pq.read_metadata(part).num_rows for part in work.files)
    return rows, pq.read_schema(work.files[0]).names


def _join(work: Work) -> None:
    """One marked file of all shares."""
    rows, columns = _content(work)
    with pq.ParquetWriter(work.growing, pq.read_schema(work.files[0]), compression="zstd") as writer:
        for part in work.files:
            with pq.ParquetFile(part) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group))
        writer.add_key_value_metadata({mark.KEY: mark.mark_of(rows, columns)})
    settle(work.growing)
    work.growing.rename(work.ready)


def _store(work: Work, claim: Claim, engine: DuckDB) -> None:
    """A marked table of a database, in one transaction; no other process opens the file from the check on."""
    rows, columns = _content(work)
    with engine.database(str(claim.target.path)) as schema:
        claim.check_table(engine, schema)
        name = f"{schema}.{engine.quote(claim.target.table)}"
        engine.run(
            f"BEGIN; CREATE OR REPLACE TABLE {name} AS SELECT * FROM {engine.parquet([str(p) for p in work.files])}; "
            f"COMMENT ON TABLE {name} IS {text(mark.comment_of(rows, columns))}; COMMIT"
        )


def _move(ready: Path, claim: Claim) -> None:
    """Exchange old and new in one step where the system can (Linux), and look at what came out; else check and rename.

    After an exchange `ready` is what stood there. Where it is not ours it goes back.
    """
    place = claim.target.path
    try:
        if _rename(ready, place, NO_REPLACE):
            return
    except FileExistsError:
        if _rename(ready, place, EXCHANGE):
            reason = None if claim.force else claim.foreign(ready)
            if reason is not None:
                _rename(ready, place, EXCHANGE)
                raise claim.refuse(reason) from None
            return
    claim.check()
    if place.is_dir():
        place.rename(ready.with_name("replaced"))
    ready.replace(place)


def _rename(source: Path, place: Path, how: int) -> bool:
    """Linux's renameat2; False where the system has none."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(HERE, os.fsencode(source), HERE, os.fsencode(place), how) == 0:
        return True
    number = ctypes.get_errno()
    if number in ABSENT:
        return False
    raise OSError(number, os.strerror(number), str(place))
