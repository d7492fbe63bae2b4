"""The HTTP side beside the pages: sign-in, health, later the product's own API."""
