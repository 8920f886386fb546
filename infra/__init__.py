"""How it is run: the local stack, containers, lock files, generated pages."""
