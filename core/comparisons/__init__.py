"""Comparison jobs: what was asked, what became of it, and the photographs while they are kept."""
