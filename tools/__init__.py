"""What `make` runs and no installation needs."""
