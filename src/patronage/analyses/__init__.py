"""What is not a row per customer: cohorts, drivers of satisfaction, the pyramid's movements, companions, overlap."""
