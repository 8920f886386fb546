"""Memory for photographs: faulted in once, not for each of them."""

import subprocess
import sys

import pytest

#: Buffers as a request has them, in a thread, as a request is; prints page faults a round.
ROUNDS = """
import resource, sys, threading
from core.allocator import keep_buffers
if sys.argv[1] == "kept":
    keep_buffers()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def round():
    parts = [bytes(range(256)) * 1297 for _ in range(4)]
    whole = b"".join(parts)
    return bytearray(whole)

def rounds():
    for _ in range(3):
        round()
    before = faults()
    for _ in range(20):
        round()
    print((faults() - before) / 20)

thread = threading.Thread(target=rounds)
thread.start()
thread.join()
"""


#: A batch's photographs in one thread after the other, all of which live on; prints the megabytes that are kept.
TURNS = """
import os, sys, threading
from concurrent.futures import ThreadPoolExecutor
from core.allocator import keep_buffers
keep_buffers(most_arenas=int(sys.argv[1]) or None)
together = threading.Barrier(8)

def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6

def take():
    together.wait(10)
    with turn:
        photographs = [bytes(range(256)) * 1297 for _ in range(200)]
        small = [bytes([n]) * 600 for n in range(200)]
        del photographs
    kept.append(small)
    together.wait(10)

turn, kept, before = threading.Lock(), [], resident_mb()
with ThreadPoolExecutor(8) as pool:
    for take_part in [pool.submit(take) for _ in range(8)]:
        take_part.result()
    print(resident_mb() - before)
"""


def kept_mb(most_arenas: int) -> float:
    ran = subprocess.run([sys.executable, "-c", TURNS, str(most_arenas)], capture_output=True, text=True, check=True)
    return float(ran.stdout)


def faults_a_round(how: str) -> float:
    ran = subprocess.run([sys.executable, "-c", ROUNDS, how], capture_output=True, text=True, check=True)
    return float(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_free_memory_is_kept_for_the_next_photograph() -> None:
    assert faults_a_round("handed back") > 50, "nothing to keep: the test shows nothing here"
    assert faults_a_round("kept") < 5


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_threads_of_one_arena_keep_one_batch_between_them() -> None:
    assert kept_mb(0) > 200, "nothing to share: the test shows nothing here"
    assert kept_mb(1) < 120
