"""HTTP in, HTTP out. Knows no model, imports no decoder."""
