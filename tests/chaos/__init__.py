"""Chaos: jobs go in through the API while everything they pass is killed; afterwards the books must balance."""
