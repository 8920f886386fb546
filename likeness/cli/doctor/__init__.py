"""`likeness doctor`: everything that a deployment stands on, looked at in turn."""
