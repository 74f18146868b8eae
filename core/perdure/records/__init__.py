"""Records: what a module declares, and how its values become JSON text and come back."""
