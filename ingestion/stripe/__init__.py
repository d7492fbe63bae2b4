"""Everything that speaks to Stripe; no other package may import stripe."""
