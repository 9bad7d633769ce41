"""A verb as an ordinary Hydra app (`-m`, `--help`, `--cfg job`, completion).

This is where the process is set up: environment, `sys.argv`, warnings and log levels are changed here and in
command_line.py only. The verb's own file is imported once its configuration holds.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module

import hydra
from hydra._internal.hydra import Hydra
from omegaconf import DictConfig

from patronage import journal, threads
from patronage.config import ProcessConfig, typed
from patronage.config.places import conf_dir, project_root
from patronage.engine import shortage
from patronage.errors import ConfigError, OutputError, PatronageError
from patronage.jobs import secrets
from patronage.jobs.compose import REFUSALS, SCHEMAS, opened, refusal, store_schema
from patronage.jobs.failure import Failure
from patronage.jobs.help import help_of
from patronage.jobs.quoting import options_first, quote_values
from patronage.jobs.sweep import ParentRun

HYDRA_OPTIONS = ("--config-dir", "--config-name", "--config-path", "--package", "--cfg", "--info", "--resolve")
OWN_FILES = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn")
SWEEP = "MULTIRUN"  # of hydra.mode
MLFLOW = {  # defaults; what the user has set stays
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_LOG_UV_FILES": "false",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # its remarks on its own doings, in the middle of ours
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its own seven take minutes to say no
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",  # seconds in which a server must answer; its own 120 make six minutes of three
}
DATABASE = {"PGCONNECT_TIMEOUT": "30"}  # seconds for a log's PostgreSQL to answer; libpq would wait for ever
REMEDIES = {  # by what the system says of a file; else make room or give the rights
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EACCES: "give the rights",
    errno.EPERM: "give the rights",
    errno.EROFS: "give a place that can be written",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EISDIR: "give the name of a file",
    errno.ENOTDIR: "give the name of a folder",
}


def run_verb(verb: str, arguments: list[str]) -> None:
    """Compose conf/{verb}.yaml with the overrides and hand it, typed, to `run` in the verb's file.

    Raises
    ------
    ConfigError
        For whatever Hydra or OmegaConf refuses: unknown keys, options, types, missing values.
    """
    if {"-h", "--help"} & set(arguments):
        print(help_of(verb))
        return
    for word in arguments:
        if word.startswith("--") and "=" in word and word.split("=")[0] not in HYDRA_OPTIONS:
            raise ConfigError(f"{word}: overrides are written without dashes: {word.lstrip('-')}")
    arguments = quote_values(options_first(arguments))
    store_schema(verb)
    _set_up_process()
    sys.argv = [f"patronage {verb}", *opened(secrets.hide(arguments))]
    try:
        with _composed_once(arguments):
            hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=verb)(_task(verb))()
    except Failure as failed:
        raise failed.error from None
    except REFUSALS as error:
        raise refusal(error, verb, arguments) from error
    except OSError as error:  # Hydra's own folder; some of its errors of configuration are of this kind too
        raise _plain(error) from error
    finally:
        ParentRun.close_failed()
        secrets.forget()


@contextlib.contextmanager
def _composed_once(arguments: list[str]) -> Iterator[None]:
    """Spare Hydra the composition that it makes before the real one, only to see whether a file sets `hydra.mode`.

    To compose is most of what a short command costs. Where a file of the configuration tree speaks of a sweep, or the
    command brings other files or speaks of Hydra, Hydra looks as ever.
    """
    own = any(word.lstrip("+~").startswith((*OWN_FILES, "hydra")) for word in arguments)
    if own or any(SWEEP in file.read_text("utf-8", "replace") for file in conf_dir().rglob("*.yaml")):
        yield
        return
    look = Hydra.get_mode
    Hydra.get_mode = lambda *_, **__: None  # type: ignore[method-assign]  # none is set: -m alone tells
    try:
        yield
    finally:
        Hydra.get_mode = look  # type: ignore[method-assign]


def _task(verb: str) -> hydra.types.TaskFunction:
    def task(config: DictConfig) -> None:
        try:
            secrets.mask_files()
            settings: ProcessConfig = typed(SCHEMAS[verb], config)
            journal.set_style(settings.logging)
            threads.use(settings.threads)  # before what computes is imported
            module = import_module(f"patronage.jobs.{verb}")
            for name in ("mlflow", "alembic"):  # MLflow sets their levels when it is imported
                logging.getLogger(name).setLevel(logging.CRITICAL)
            module.run(settings)
        except Exception as error:
            raise Failure(_plain(error)) from error

    return task


def _plain(error: Exception) -> Exception:
    """What a store, a full disk or too little memory raised anywhere in a job, as one line of ours."""
    if isinstance(error, PatronageError):
        return error
    if isinstance(error, MemoryError):
        return shortage(error) or error
    tracking, duckdb = sys.modules.get("patronage.tracking"), sys.modules.get("duckdb")
    if duckdb is not None and isinstance(error, duckdb.Error):
        return shortage(error) or error
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        remedy = REMEDIES.get(error.errno or 0, "make room or give the rights")
        return OutputError(f"{where}{error.strerror or error}; {remedy}, then start again")
    if tracking is not None and isinstance(error, tracking.FAILURES):
        return tracking.refused("the MLflow store", error)
    return error


def _set_up_process() -> None:
    for name, value in (MLFLOW | DATABASE).items():
        os.environ.setdefault(name, value)
    os.environ["PATRONAGE_ROOT"] = str(project_root())
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing: the line is ours to write
    # lifetimes, at import; nothing to be done about it here
    warnings.filterwarnings("ignore", message=".*mode.chained_assignment.*")
