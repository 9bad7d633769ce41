"""Technographic: on which platform and channel the customer meets the business, and how the relation began.

Weinstein (2004), *Handbook of Market Segmentation*: segmentation by what people use. Devices are grouped to
platforms by a vocabulary (conf); a device outside it is no evidence. A customer is `multi_device` when the
platforms beside the first one have a fair share of the acts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import BY_BUSINESS
from patronage.engine import text, texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens

PLATFORMS = ("mobile", "desktop", "tablet")


def _select(history: History, config: LensesConfig) -> str:
    vocabulary = config.technographic
    devices = (vocabulary.mobile, vocabulary.desktop, vocabulary.tablet)
    platform = " ".join(
        f"WHEN lower(device) IN ({texts(names)}) THEN {text(platform)}"
        for platform, names in zip(PLATFORMS, devices, strict=True)
    )
    known = "sum(n) FILTER (WHERE platform IS NOT NULL)"
    shares = ", ".join(
        f"coalesce(sum(n) FILTER (WHERE platform = {text(name)}), 0) * 1.0e0 / {known} AS {name}_share"
        for name in PLATFORMS
    )
    return f"""
        WITH acts AS (
            SELECT customer_id, channel, device, 1 AS is_order FROM orders
            UNION ALL
            SELECT customer_id, channel, device, 0 FROM events WHERE event NOT IN ({texts(BY_BUSINESS)})
        ),
        acts_by_device AS (
            SELECT customer_id, channel, device, count(*) AS n, sum(is_order) AS n_orders
            FROM acts GROUP BY customer_id, channel, device
        ),
        acts_by_channel AS (
            SELECT *, sum(n_orders) OVER (PARTITION BY customer_id, channel) AS channel_orders,
                   sum(n) OVER (PARTITION BY customer_id, channel) AS channel_acts
            FROM acts_by_device
        ),
        ranked AS (
            SELECT customer_id, channel, CASE {platform} END AS platform, n,
                   {history.engine.null("label")} AS acquired_by,
                   row_number() OVER (PARTITION BY customer_id ORDER BY CASE WHEN channel IS NULL THEN 1 ELSE 0 END,
                                      channel_orders DESC, channel_acts DESC, channel, coalesce(device, '')) AS place
            FROM acts_by_channel
            UNION ALL
            SELECT customer_id, NULL, NULL, 0, acquisition_channel, 0 FROM profiles
        )
        SELECT customer_id, {known} AS device_acts, {shares},
               max(channel) FILTER (WHERE place = 1) AS main_channel, max(acquired_by) AS acquired_by
        FROM ranked GROUP BY customer_id"""


@dataclass(frozen=True)
class TechnographicState:
    """`multi_share` and `min_acts` of the configuration."""

    multi_share: float
    min_acts: int


def _fit(features: pd.DataFrame, config: LensesConfig) -> TechnographicState:
    return TechnographicState(config.technographic.multi_share, config.technographic.min_acts)


def _segments(features: pd.DataFrame, state: TechnographicState) -> Labels:
    shares = features[[f"{name}_share" for name in PLATFORMS]].fillna(0).to_numpy()
    labels = np.select(
        [~(features["device_acts"].to_numpy() >= state.min_acts), 1 - shares.max(axis=1) >= state.multi_share],
        [c.UNKNOWN, "multi_device"],
        np.array(PLATFORMS, dtype=object)[shares.argmax(axis=1)],
    )
    return {
        c.PLATFORM_SEGMENT: labels,
        c.CHANNEL_SEGMENT: features["main_channel"].replace("", c.UNKNOWN),
        c.ACQUISITION_SEGMENT: features["acquired_by"].replace("", c.UNKNOWN),
    }


LENS = Lens(
    name="technographic",
    question="On which platform and channel does the customer meet the business, and how did the relation begin?",
    source="Weinstein 2004",
    features={
        "device_acts": Feature(
            "orders and acts on a known platform", absent=0,
            reason="{} orders and acts on a known device",
            none="no known device",
        ),
        "mobile_share": Feature(
            "share of these on a phone", "mobile", reason="{:.0%} of the orders and visits on a phone",
        ),
        "desktop_share": Feature(
            "share of these on a computer", "desktop", reason="{:.0%} of the orders and visits on a computer",
        ),
        "tablet_share": Feature(
            "share of these on a tablet", "tablet", reason="{:.0%} of the orders and visits on a tablet",
        ),
        "main_channel": Feature("the channel of most orders; without any, of most acts", text=True),
        "acquired_by": Feature("the channel by which the customer was acquired", text=True),
    },
    requires=(
        "transactions.device", "events.device", "transactions.channel", "events.channel",
        "customers.acquisition_channel",
    ),
    labels={
        c.PLATFORM_SEGMENT: {
            "mobile": "most orders and acts are on a phone",
            "desktop": "on a computer",
            "tablet": "on a tablet",
            "multi_device": "other platforms than the first have at least `multi_share`",
        },
        c.CHANNEL_SEGMENT: {"<channel>": "the channel of most orders; without any, of most acts"},
        c.ACQUISITION_SEGMENT: {"<channel>": "the channel by which the customer was acquired"},
    },
    select=_select,
    state=TechnographicState,
    fit=_fit,
    segments=_segments,
)  # fmt: skip
