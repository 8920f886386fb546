"""How many processors an embedded server in Go computes on at a time."""

import os


def few_processors() -> dict[str, str]:
    """Half of them, as Go reads it: a comparison needs ten times as much of the rest.

    On all of them it looks for work on each whenever a byte comes: on two, SeaweedFS took 9.6 instead of 8.1 ms of CPU
    a job, and all beside it 12.6 instead of 11.2 (docs/performance/around.md).
    """
    return {"GOMAXPROCS": str(max(1, (os.cpu_count() or 1) // 2))}
