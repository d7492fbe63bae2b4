"""One act each: one transaction, one audit line."""
