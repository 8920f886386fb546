"""The `likeness` command: one module a subject."""
