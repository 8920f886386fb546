"""Who may come in, how often, and once."""
