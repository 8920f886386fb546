"""The list of model packs, as data."""
