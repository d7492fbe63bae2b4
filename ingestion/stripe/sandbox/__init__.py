"""A local Stripe lookalike whose every request and answer is held against the installed stripe package."""
