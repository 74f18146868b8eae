"""Watching: one thread looks for changes, for any number of watchers."""
