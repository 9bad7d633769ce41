"""A trained shop, shared by all faults."""

from __future__ import annotations

from fitted import fitted, registered  # noqa: F401
