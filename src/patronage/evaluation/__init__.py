"""Evaluation: how good models are, on which customers, with which interval, beside which baselines."""
