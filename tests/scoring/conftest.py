"""The shop that is scored."""

from fitted import fitted, registered  # noqa: F401
