"""Batches: many pairs in one job, each photograph once."""
