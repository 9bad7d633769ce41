from btyd_customers import cdnow_summary, simulate

__all__ = ["cdnow_summary", "simulate"]
