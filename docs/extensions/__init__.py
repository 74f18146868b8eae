"""What Sphinx is to know of perdure's pages, and no extension of others tells it."""
