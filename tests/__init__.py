"""Tests, in the rooms of the code: comparisons, webhooks, keys, packs, storage, api, worker, metrics, report, ...

`promises/` starts a stack a test and kills parts of it; `chaos/` and `hostile/` attack; `support/` is what they share.
"""
