"""The shop with its fitted bundle."""

from fitted import fitted  # noqa: F401
