"""The command line, for the people who run an application: the only part that knows click and rich."""
