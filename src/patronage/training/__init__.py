"""What is learned from, and how: origins, the choice of a law, the forecast, the whole bundle."""
