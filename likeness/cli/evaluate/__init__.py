"""The verbs of `evaluate`, a module a subject."""
