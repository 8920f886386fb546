"""The siege of `make chaos` on several hosts: nothing is killed, but links are cut and slowed."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.chaos.receiver import Receiver
from tests.chaos.siege import ENVIRONMENT, Siege
from tests.hosts.network import LOOPBACK, PREFIX, Host, network
from tests.support.ports import ours
from tests.support.servers import REDIS, S3, addresses, outside
from tests.support.stack import Stack

#: Which processes are where.
HOMES: Mapping[str, tuple[str, ...]] = {
    "redis": (REDIS,),
    "store": (S3,),
    "api": ("api",),
    "worker": ("worker",),
    "worker2": ("worker2",),
    "courier": ("courier", "beat"),
}
#: What befalls a host's link, how often in relation, and for how many seconds. A lease is 3 s.
FAULTS: Mapping[tuple[str, str], tuple[int, tuple[float, float]]] = {
    ("worker", "cut"): (3, (1.0, 20.0)),
    ("worker2", "cut"): (3, (1.0, 20.0)),
    ("redis", "cut"): (2, (0.5, 15.0)),
    ("store", "cut"): (1, (0.5, 15.0)),
    ("api", "cut"): (1, (0.5, 10.0)),
    ("courier", "cut"): (2, (1.0, 15.0)),
    ("worker", "slow"): (1, (5.0, 20.0)),
    ("redis", "slow"): (1, (2.0, 10.0)),
    ("store", "slow"): (1, (2.0, 10.0)),
}
PAUSE_S = (1.0, 4.0)
LEAST = len(FAULTS)


@dataclass
class Spread(Stack):
    """A stack whose processes run on hosts."""

    hosts: Mapping[str, Host] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.where["LIKENESS_API_URL"]

    def spawn(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        *,
        stdin: bytes = b"",
        cwd: Path | None = None,
    ) -> None:
        host = next(host for host, processes in HOMES.items() if name in processes)
        super().spawn(name, [*self.hosts[host].prefix, *command], environment, stdin=stdin, cwd=cwd)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return super().run(*command, **self.where, **environment)


class SiegeOfLinks(Siege):
    """Cuts and slows the hosts of its stack, one after the other, in an order that the seed decides."""

    def _besiege(self) -> None:
        assert isinstance(self._stack, Spread)
        deck: list[tuple[str, str]] = []
        while not self._over.wait(self._random.uniform(*PAUSE_S)):
            if not deck:
                deck = [fault for fault, (weight, _) in FAULTS.items() for _ in range(weight)]
                self._random.shuffle(deck)
            name, fault = deck.pop()
            host = self._stack.hosts[name]
            self._kills[f"{name} {fault}"] += 1
            with host.cut() if fault == "cut" else host.slow():
                self._over.wait(self._random.uniform(*FAULTS[name, fault][1]))
            if sum(self._kills.values()) >= LEAST:
                self._besieged.set()


@contextmanager
def besieged(home: Path, *, jobs: int, seed: int) -> Iterator[SiegeOfLinks]:
    """Six hosts with the sleeping engine, and a siege that is ready to run. Raise Missing."""
    with network(*HOMES) as hosts:
        receiver = Receiver(seed, f"{PREFIX}.1")
        stack = _stack(home, hosts, receiver)
        try:
            stack.start_servers(REDIS, S3)
            yield SiegeOfLinks(stack, receiver, jobs=jobs, seed=seed, careful=0.25, calm=False)
        finally:
            stack.end()
            receiver.shutdown()
            receiver.server_close()


def _stack(home: Path, hosts: Mapping[str, Host], receiver: Receiver) -> Spread:
    """Its processes find each other on loopback, as on one machine; this process at their hosts' addresses."""
    api = ours().take()
    where = {
        "LIKENESS_HOME": str(home),
        "LIKENESS_PACKS_DIR": str(home / "no-packs"),
        "LIKENESS_API_URL": f"http://{hosts['api'].address}:{api}",
        **addresses(REDIS, host=hosts["redis"].address),
        **addresses(S3, host=hosts["store"].address),
    }
    inside = dict(where)
    for server, setting in (("api", "API_URL"), ("redis", "REDIS_URL"), ("store", "S3_ENDPOINT")):
        url = urlsplit(where[f"LIKENESS_{setting}"])
        assert url.port
        hosts[server].lend(url.port, *(host for name, host in hosts.items() if name != server))
        inside[f"LIKENESS_{setting}"] = where[f"LIKENESS_{setting}"].replace(hosts[server].address, LOOPBACK)
    told = {
        **ENVIRONMENT,
        "LIKENESS_API_BIND": f"{LOOPBACK}:{api}",
        "LIKENESS_API_HOSTS": hosts["api"].address,
        "LIKENESS_LEASE_S": "3",
        "LIKENESS_REAPER_INTERVAL_S": "1",
        "LIKENESS_REAPER_PATIENCE_S": "5",
        "LIKENESS_WEBHOOK_PORTS": str(receiver.server_port),
    }
    return Spread(home, where, environment={**outside(), **inside, **told}, hosts=hosts)
