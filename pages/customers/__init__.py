"""The menu section of customers: the ranking, and one customer's own page."""
