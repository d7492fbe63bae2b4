"""The menu section of what usage costs by itself, without revenue."""
