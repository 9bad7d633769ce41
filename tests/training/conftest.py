from btyd_customers import cdnow_summary, simulate
from fitted import fitted

__all__ = ["cdnow_summary", "fitted", "simulate"]
