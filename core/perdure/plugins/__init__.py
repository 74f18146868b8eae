"""Plugins: how what is pip-installed is found, loaded, asked and told of."""
