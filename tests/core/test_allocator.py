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


def faults_a_round(how: str) -> float:
    ran = subprocess.run([sys.executable, "-c", ROUNDS, how], capture_output=True, text=True, check=True)
    return float(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_free_memory_is_kept_for_the_next_photograph() -> None:
    assert faults_a_round("handed back") > 50, "nothing to keep: the test shows nothing here"
    assert faults_a_round("kept") < 5
