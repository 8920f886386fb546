"""Hosts as Linux has them: a network namespace each, with an address of its own, on one bridge."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

#: Of a private network: to any other a callback of the siege would be refused.
PREFIX = "10.198.77"
BRIDGE = "likeness-net"
LOOPBACK = "127.0.0.1"


class Missing(Exception):
    """What this machine lacks, in a sentence."""


@dataclass(frozen=True, slots=True)
class Host:
    """One of them. What runs in it is begun with `prefix`."""

    name: str
    address: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """To be put before a command."""
        return ("ip", "netns", "exec", f"likeness-{self.name}")

    @property
    def link(self) -> str:
        """Its cable's end at the bridge."""
        return f"lk-{self.name}"

    def lend(self, port: int, *borrowers: "Host") -> None:
        """What listens on this host's loopback is found on loopback by others, through both links, and at its address.

        The embedded servers and the sleeping engine are for loopback alone.
        """
        for host in (self, *borrowers):
            run(*host.prefix, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
        nat, port_here = ("iptables", "-t", "nat", "-A"), ("-p", "tcp", "--dport", str(port), "-j")
        here = ("DNAT", "--to-destination", LOOPBACK)
        run(*self.prefix, *nat, "PREROUTING", "-d", self.address, *port_here, *here)
        for host in borrowers:
            there = ("DNAT", "--to-destination", self.address)
            run(*host.prefix, *nat, "OUTPUT", "-d", LOOPBACK, *port_here, *there)
            run(*host.prefix, *nat, "POSTROUTING", "-d", self.address, *port_here, "MASQUERADE")

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nothing passes, either way, and nobody is told: as when a cable is pulled."""
        ip("link", "set", self.link, "down")
        try:
            yield
        finally:
            ip("link", "set", self.link, "up")

    @contextmanager
    def slow(self) -> Iterator[None]:
        """A quarter of a megabit a second, either way."""
        ends = (("tc",), self.link), ((*self.prefix, "tc"), "eth0")
        for command, device in ends:
            run(
                *command,
                "qdisc",
                "add",
                "dev",
                device,
                "root",
                "tbf",
                "rate",
                "256kbit",
                "burst",
                "16kbit",
                "latency",
                "1s",
            )
        try:
            yield
        finally:
            for command, device in ends:
                run(*command, "qdisc", "del", "dev", device, "root")


@contextmanager
def network(*names: str) -> Iterator[dict[str, Host]]:
    """Hosts by name, and the machine itself at `.1`, until the end of the block. Raise Missing."""
    if os.geteuid():
        raise Missing("network namespaces are made by root")
    for command in ("ip", "tc", "iptables"):
        if not shutil.which(command):
            raise Missing(f"{command} is not installed (Debian: apt install iproute2 iptables)")
    hosts = {name: Host(name, f"{PREFIX}.{number}") for number, name in enumerate(names, 2)}
    _remove(hosts)  # what a killed run has left
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{PREFIX}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for host in hosts.values():
            _wire(host)
        yield hosts
    except subprocess.CalledProcessError as error:
        raise Missing(f"{' '.join(error.cmd)}: {error.stderr.strip()}") from error
    finally:
        _remove(hosts)


def _remove(hosts: Mapping[str, Host]) -> None:
    for host in hosts.values():
        run("ip", "link", "delete", host.link, check=False)  # at once; with its namespace it goes some time later
        run("ip", "netns", "delete", host.prefix[3], check=False)
    run("ip", "link", "delete", BRIDGE, check=False)


def _wire(host: Host) -> None:
    namespace = host.prefix[3]
    ip("netns", "add", namespace)
    ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    ip("link", "set", host.link, "master", BRIDGE, "up")
    for setting in (
        ("address", "add", f"{host.address}/24", "dev", "eth0"),
        ("link", "set", "lo", "up"),
        ("link", "set", "eth0", "up"),
    ):
        run(*host.prefix, "ip", *setting)


def ip(*arguments: str) -> None:
    run("ip", *arguments)


def run(*command: str, check: bool = True) -> None:
    subprocess.run(command, check=check, capture_output=True, text=True)
