"""Which lenses there are: ours, and a user's own, which the configuration names.

To add a lens of ours, write its file and name its LENS here. A user's own lens is the path of a `Lens` in an importable
module, in `lenses.own`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.data.contract import CUSTOMERS
from patronage.errors import ConfigError
from patronage.lenses import (
    account,
    acts,
    benefits,
    btyd,
    contract,
    engagement,
    interests,
    loyalty,
    needs,
    occasion,
    path,
    profile,
    purchase,
    recent,
    rfm,
    satisfaction,
    status,
    taste,
    technographic,
    usage,
    value,
)
from patronage.lenses.lens import Feature, Lens

BUILT_IN: tuple[Lens, ...] = (
    rfm.LENS,
    usage.LENS,
    occasion.LENS,
    satisfaction.LENS,
    loyalty.LENS,
    engagement.LENS,
    status.LENS,
    technographic.LENS,
    value.LENS,
    purchase.LENS,
    benefits.LENS,
    needs.LENS,
    interests.LENS,
    taste.LENS,
    profile.LENS,
    account.LENS,
    recent.LENS,
    btyd.LENS,
    path.LENS,
    acts.LENS,
    contract.LENS,
)


def of(config: LensesConfig) -> tuple[Lens, ...]:
    """The lenses of a configuration: ours, then the user's own.

    Raises
    ------
    ConfigError
        An own lens does not import, is no `Lens`, reads a feature that no lens has, or uses a name that is taken.
    """
    if not config.own:
        return BUILT_IN
    lenses = BUILT_IN
    for dotted in config.own:
        lens = _import(dotted)
        _check_names(dotted, lens, lenses, config)
        lenses = (*lenses, lens)
    return lenses


def own(config: LensesConfig) -> dict[str, Lens]:
    """The user's own lenses, by their path."""
    return dict(zip(config.own, of(config)[len(BUILT_IN) :], strict=True))


def described(config: LensesConfig, names: Iterable[str] | None = None) -> dict[str, Feature]:
    """Every feature of the lenses of these names, or of all, with its description."""
    chosen = None if names is None else set(names)
    return {
        name: feature
        for lens in of(config)
        if chosen is None or lens.name in chosen
        for name, feature in lens.described(config).items()
    }


def available(tables: Tables, config: LensesConfig) -> tuple[str, ...]:
    """The lenses for which the tables have a column; by their form alone, so that a longer log has no other lenses."""
    return tuple(
        lens.name
        for lens in of(config)
        if (not lens.requires or any(has_form(tables, requirement) for requirement in lens.requires))
        and (lens.ready is None or lens.ready(config))
    )


def has_form(tables: Tables, requirement: str) -> bool:
    """Whether the table, the column, or the table of the event or attribute exists."""
    table, _, column = requirement.partition(".")
    if column:
        return column in tables.present.get(table, frozenset())
    table, _, kind = requirement.partition(":")
    return tables.has(table) and (table != CUSTOMERS.name or kind in tables.attributes.values())


def _import(dotted: str) -> Lens:
    module, _, name = dotted.rpartition(".")
    try:
        lens = getattr(import_module(module), name)
    except Exception as error:  # a user's module may fail in any way
        raise ConfigError(
            f"lenses.own={dotted} cannot be imported ({type(error).__name__}: {error}); give the path of a Lens, "
            "such as package.module.LENS, in a package that is installed or on PYTHONPATH"
        ) from error
    if not isinstance(lens, Lens):
        raise ConfigError(f"lenses.own={dotted} is a {type(lens).__name__}; expected a patronage.lenses.Lens")
    return lens


def _check_names(dotted: str, lens: Lens, earlier: tuple[Lens, ...], config: LensesConfig) -> None:
    """Refuse a lens whose name, features or segments another lens has, or that reads what no lens makes."""
    if not lens.name.isidentifier():
        raise ConfigError(f"lenses.own={dotted}: the name {lens.name!r} is not a word; give one such as my_lens")
    features = {name for other in earlier for name in other.described(config)}
    labels = {name for other in earlier for name in other.labels}
    clashes = {lens.name} & {other.name for other in earlier}
    clashes |= set(lens.described(config)) & features | set(lens.labels) & labels
    if clashes:
        raise ConfigError(
            f"lenses.own={dotted}: another lens has the name {', '.join(sorted(clashes))} already; choose another"
        )
    if unknown := sorted(set(lens.reads) - features):
        raise ConfigError(f"lenses.own={dotted} reads {', '.join(unknown)}, which no lens before it makes")
