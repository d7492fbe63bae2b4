"""The menu section of margin by product, plan, segment, model and feature."""
