"""Decisions: which customers to contact, and the expected profit of it."""
