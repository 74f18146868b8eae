"""Alembic's script directory: how the tables came to be what they are."""
