"""Every name that crosses a room, once: columns, metrics, tags and artifacts.

from patronage import names as c                       c.CUSTOMER_ID, c.CLV
from patronage.names import Artifact, Metric, Tag      Metric.CHURN_LOG_LOSS
"""

from patronage.names.artifacts import Artifact as Artifact
from patronage.names.columns import *  # noqa: F403
from patronage.names.metrics import HEADLINES as HEADLINES
from patronage.names.metrics import Metric as Metric
from patronage.names.tags import Tag as Tag
