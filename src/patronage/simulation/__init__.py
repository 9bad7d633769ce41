"""Customers with a known truth: the oracle of the lenses and models."""
