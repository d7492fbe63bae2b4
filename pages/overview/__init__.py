"""The menu section of the first page."""
