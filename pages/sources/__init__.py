"""The menu section of what came in, and what was left aside."""
