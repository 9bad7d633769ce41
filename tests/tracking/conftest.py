"""A registered model."""

from fitted import fitted, registered  # noqa: F401
