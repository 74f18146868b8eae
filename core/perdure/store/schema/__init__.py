"""The tables' versions: creating and upgrading them, and keeping out of a host's own migrations."""
