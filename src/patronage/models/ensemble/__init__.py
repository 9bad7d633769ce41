"""LightGBM members that build on BTYD: P(churn), expected orders and expected spend."""
