"""Numbers about models: what is measured, on whom, with what interval, beside which naive baseline."""
