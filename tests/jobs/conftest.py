"""A log, and a bundle that was fitted on it."""

from __future__ import annotations

from fitted import fitted  # noqa: F401
