"""SQLite: a file, or memory; one writer at a time."""
