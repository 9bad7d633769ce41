"""What a contact changes: effects of randomised arms per customer, cross-fitted, and the policy that they give."""
