"""The worker's jobs and who runs them."""
