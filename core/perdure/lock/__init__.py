"""Locks: what keeps first writes in order, and what modules lock by name.

Nothing is imported here, because `redlock` costs 130 ms and belongs to those who gave a Redis.
"""
