"""Deleting what is due: the list is written with the transition that ends a job, the deletion follows."""

from core.comparisons.store import JobStore
from core.errors import StoreUnavailable
from core.storage.objects import Objects


def erase_due(jobs: JobStore, objects: Objects) -> int:
    """Delete every object whose time has come; returns how many. Raises StoreUnavailable, losing nothing."""
    erased = 0
    while keys := jobs.due_erasures():
        objects.delete(keys)
        jobs.erased(*keys)
        erased += len(keys)
    return erased


def erase_now(jobs: JobStore, objects: Objects, *keys: str) -> bool:
    """Delete objects that are due; False when the store is away and the courier will do it later."""
    try:
        objects.delete(keys)
    except StoreUnavailable:
        return False
    jobs.erased(*keys)
    return True
