"""HTTP in, HTTP out. Knows no model, imports no decoder but Pillow's header reader."""
