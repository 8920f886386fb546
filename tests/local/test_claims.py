"""Stacks that start together choose ports of their own, though nothing listens on them yet."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from infra.local.claims import Claims
from infra.local.servers import S3_PORTS, free_port, free_s3_port
from tests.support.ports import ours

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="claims are Linux's")

CLAIM = (
    "import sys; from infra.local.claims import Claims; claims = Claims()\n"
    "print(claims.take([int(sys.argv[1])]), flush=True); sys.stdin.read()"
)


def test_stacks_that_start_at_once_get_ports_of_their_own() -> None:
    preferred, stacks = ours().take(8 * S3_PORTS), 8
    with ExitStack() as until_all_have_chosen, ThreadPoolExecutor(stacks) as pool:
        claims = [until_all_have_chosen.enter_context(Claims()) for _ in range(stacks)]
        firsts = [*pool.map(lambda own: free_s3_port(preferred, own.take), claims)]
        assert sorted(firsts) == [*range(preferred, preferred + stacks * S3_PORTS, S3_PORTS)]
        with Claims() as late:
            assert free_port(preferred, take=late.take) == preferred + stacks * S3_PORTS
    with Claims() as after:
        assert free_s3_port(preferred, after.take) == preferred, "the stacks have ended"


def test_a_claim_on_some_of_the_ports_takes_none_of_them() -> None:
    first = ours().take(3)
    with Claims() as one, Claims() as other:
        assert one.take([first + 2])
        assert not other.take(range(first, first + 3))
        assert one.take([first, first + 1])
        assert not one.take([first]), "nor twice by one"


def test_the_claims_of_a_killed_stack_are_free_at_once() -> None:
    port = str(ours().take())
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as stack:
        assert stack.stdout
        assert stack.stdout.readline() == "True\n"
        with Claims() as other:
            assert not other.take([int(port)])
        stack.kill()
        stack.wait()
    with Claims() as other:
        assert other.take([int(port)])
