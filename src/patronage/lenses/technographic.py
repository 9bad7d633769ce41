"""Technographic: on which platform and through which channel the customer meets the business, and how she came.

Weinstein (2004), *Handbook of Market Segmentation*: segmentation by what people use. Devices are grouped to
platforms by a vocabulary (conf); a device outside it is no evidence. A customer is `multi_device` when the
platforms beside her first one have a fair share of her acts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import BY_BUSINESS
from patronage.engine import text, texts
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said

PLATFORMS = ("mobile", "desktop", "tablet")


def _select(history: History, config: LensesConfig) -> str:
    vocabulary = config.technographic
    words = (vocabulary.mobile, vocabulary.desktop, vocabulary.tablet)
    named = " ".join(
        f"WHEN lower(device) IN ({texts(devices)}) THEN {text(name)}"
        for name, devices in zip(PLATFORMS, words, strict=True)
    )
    known = "sum(n) FILTER (WHERE platform IS NOT NULL)"
    shares = ", ".join(
        f"coalesce(sum(n) FILTER (WHERE platform = {text(name)}), 0) * 1.0e0 / {known} AS {name}_share"
        for name in PLATFORMS
    )
    return f"""
        SELECT customer_id, {known} AS device_acts, {shares},
               max(channel) FILTER (WHERE place = 1) AS main_channel, max(source) AS acquired_by
        FROM (SELECT customer_id, channel, CASE {named} END AS platform, n, {history.engine.null("label")} AS source,
                     row_number() OVER (PARTITION BY customer_id ORDER BY CASE WHEN channel IS NULL THEN 1 ELSE 0 END,
                                        bought DESC, acts DESC, channel, coalesce(device, '')) AS place
              FROM (SELECT *, sum(orders) OVER (PARTITION BY customer_id, channel) AS bought,
                           sum(n) OVER (PARTITION BY customer_id, channel) AS acts
                    FROM (SELECT customer_id, channel, device, count(*) AS n, sum(an_order) AS orders
                          FROM (SELECT customer_id, channel, device, 1 AS an_order FROM orders
                                UNION ALL
                                SELECT customer_id, channel, device, 0 FROM touches
                                WHERE event NOT IN ({texts(BY_BUSINESS)}))
                          GROUP BY customer_id, channel, device))
              UNION ALL
              SELECT customer_id, NULL, NULL, 0, acquisition_channel, 0 FROM profiles)
        GROUP BY customer_id"""


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    return {"multi_share": config.technographic.multi_share, "min_acts": config.technographic.min_acts}


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    shares = features[[f"{name}_share" for name in PLATFORMS]].fillna(0).to_numpy()
    labels = np.select(
        [
            ~(features["device_acts"].to_numpy() >= learned["min_acts"]),
            1 - shares.max(axis=1) >= learned["multi_share"],
        ],
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
    asks="On which platform and channel is the customer met, and how did she come?",
    source="Weinstein 2004",
    features={
        "device_acts": Feature("orders and acts of which the platform is known", absent=0),
        "mobile_share": Feature("share of them on a phone", "mobile"),
        "desktop_share": Feature("share of them on a computer", "desktop"),
        "tablet_share": Feature("share of them on a tablet", "tablet"),
        "main_channel": Feature("the channel of most orders; without any, of most acts", text=True),
        "acquired_by": Feature("the channel by which she came", text=True),
    },
    needs=(
        "transactions.device", "events.device", "transactions.channel", "events.channel",
        "customers.acquisition_channel",
    ),
    answers={
        c.PLATFORM_SEGMENT: {
            "mobile": "most orders and acts are on a phone",
            "desktop": "on a computer",
            "tablet": "on a tablet",
            "multi_device": "other platforms than the first have at least `multi_share`",
        },
        c.CHANNEL_SEGMENT: {"<channel>": "the channel of most orders; without any, of most acts"},
        c.ACQUISITION_SEGMENT: {"<channel>": "the channel by which she came"},
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)  # fmt: skip
