"""Everything that comes in: usage of LLMs, later Stripe."""
