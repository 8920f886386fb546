"""What glibc does with memory that is given back to it.

A photograph is received, sealed and sent in buffers of hundreds of kilobytes. By default glibc hands each back to the
kernel when it is free, and has it faulted in anew for the next: some 170 page faults a comparison in the API, and 0.9
of its 7.4 ms of CPU (docs/performance/around.md).
"""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
#: Larger ones are still mapped and unmapped one by one.
KEPT_BUFFER_BYTES = 16 * 2**20
#: Of each arena, which are as many as threads at once, and at most eight a core. With a quarter of it the pixels of a
#: photograph, up to 10 MB, were handed back: 400 page faults a comparison in the worker.
KEPT_FREE_BYTES = 2 * KEPT_BUFFER_BYTES


def keep_buffers(*, most_arenas: int | None = None) -> None:
    """Have this process, and those that it forks, keep what is free for the next photograph; nothing without glibc.

    `most_arenas`: what one thread has freed, another only takes over within an arena.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, KEPT_BUFFER_BYTES)
    mallopt(_M_TRIM_THRESHOLD, KEPT_FREE_BYTES)
    if most_arenas is not None:
        mallopt(_M_ARENA_MAX, most_arenas)
