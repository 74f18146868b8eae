"""Values: what a declared type takes, and its JSON text; cattrs does the work, with hooks that are strict both ways."""
