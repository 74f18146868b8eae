"""The store: rows in a database, and nothing of what they mean."""
