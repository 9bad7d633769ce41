"""Buy till you die: laws of orders, the value of an order, and the mean of several laws."""
