"""The menu section of what keeps the books right: whose customer is whose, and the checks."""
