"""The probability that a customer does something in the horizon: an event, a purchase of a category."""
