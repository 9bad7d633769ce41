"""What may be predicted beside churn and orders: an event, or a purchase of a category, product, brand or channel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from patronage import names as c
from patronage.errors import ConfigError

COLUMNS = {c.CATEGORY: c.CATEGORY, "product": c.PRODUCT_ID, c.BRAND: c.BRAND, c.CHANNEL: c.CHANNEL}
KINDS = (c.EVENT, *COLUMNS)
FORMS = ", ".join(f"{kind}:NAME" for kind in KINDS)


@dataclass(frozen=True)
class ChosenAct:
    """Something that a customer does, as `target` names it: `event:upgrade`, `category:Bread`.

    Attributes
    ----------
    kind
        event, category, product, brand or channel.
    name
        As the log has it.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def key(self) -> str:
        """What its columns and metrics are named by: event_upgrade."""
        word = re.sub(r"\W+", "_", self.name).strip("_").lower()
        return f"{self.kind}_{word or 'other'}"

    @property
    def column(self) -> str | None:
        """The column of the transactions that names it; None for an event."""
        return COLUMNS.get(self.kind)


def chosen_acts(given: str | Sequence[str] | None, setting: str = "target") -> tuple[ChosenAct, ...]:
    """The acts of a setting: one, several, or none.

    Raises
    ------
    ConfigError
        One has no known kind or no name, or two would share their columns.
    """
    texts = [given] if isinstance(given, str) else list(given or ())
    acts = tuple(dict.fromkeys(_act(str(text), setting) for text in texts))
    keys = [act.key for act in acts]
    if twice := [str(act) for act in acts if keys.count(act.key) > 1]:
        raise ConfigError(f"{setting}: the columns of {' and '.join(twice)} would have one name; give one of them")
    return acts


def _act(given: str, setting: str) -> ChosenAct:
    kind, _, name = given.partition(":")
    if kind.strip() in ("order", "churn"):
        raise ConfigError(
            f"{setting}={given}: the probability of an order is in every run (p_order, and journey_p_order for those "
            f"who never bought); expected {FORMS}"
        )
    if kind.strip() not in KINDS or not name.strip():
        raise ConfigError(f"{setting}={given}; expected {FORMS}, such as {setting}=event:upgrade")
    return ChosenAct(kind.strip(), name.strip())
