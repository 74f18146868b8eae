"""Transactions of callers: joining them, and telling of what they have committed."""
