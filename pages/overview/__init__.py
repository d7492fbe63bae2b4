"""The first page: what is earned, and which way it goes."""
