"""Scopes: whose values, and what can be done with them."""
