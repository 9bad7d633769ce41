"""What to do about a customer, and what it is expected to bring."""
