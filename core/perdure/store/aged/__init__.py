"""Rows as they were a while ago, for those who said how long that may be."""
