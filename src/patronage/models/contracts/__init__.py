"""Customers under contract: when they renew, whether they cancel, and what they are worth."""
