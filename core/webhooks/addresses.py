"""Which addresses a callback may reach: the public internet, and nothing that lies behind us."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Where clouds tell a machine its own secrets. Refused even where private addresses are allowed.
METADATA: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local, with AWS, GCP, Azure, DigitalOcean ... at 169.254.169.254
        "fe80::/10",
        "168.63.129.16/32",  # Azure's wire server: a public address by the register
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # GCP
    )
)
#: Ours or our provider's: for trials only.
PRIVATE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # carrier-grade NAT
        "fc00::/7",
    )
)
#: No host of the public internet has one of these (IANA special-purpose registers, RFC 6890 and after).
RESERVED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # "this network": Linux connects 0.0.0.0 to itself
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "64:ff9b:1::/48",  # NAT64 of a network's own: what it stands for cannot be told
        "100::/64",
        "100:0:0:1::/64",
        "2001::/23",  # Teredo, ORCHID, benchmarking ...
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
        "ff00::/8",  # multicast
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_EMBEDDING: tuple[IPv6Network, ...] = (
    IPv6Network("::ffff:0:0/96"),  # v4-mapped
    IPv6Network("::ffff:0:0:0/96"),  # v4-translated
    IPv6Network("64:ff9b::/96"),  # NAT64, the well-known prefix
    IPv6Network("::/96"),  # v4-compatible; :: and ::1 are not
)


def why_refused(text: str, *, allow_private: bool = False) -> str | None:
    """Why one may not connect there; None when one may. A v4 address inside a v6 one is judged in its place."""
    address = unwrapped(ip_address(text))
    if any(address in network for network in METADATA):
        return f"{text} is a link-local or metadata address"
    if any(address in network for network in PRIVATE):
        return None if allow_private else f"{text} is a private or loopback address"
    if any(address in network for network in RESERVED):
        return f"{text} is a reserved or multicast address"
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return f"{text} is not a global address"
    return None


def unwrapped(address: Address) -> Address:
    """The v4 address that a v6 one stands for, if it does."""
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return IPv6Address("fe80::")  # an address with a zone is never a global one
        if int(address) > 1 and any(address in network for network in _EMBEDDING):
            return IPv4Address(int(address) & 0xFFFFFFFF)
        if address.packed[8:12] in (b"\0\0\x5e\xfe", b"\x02\0\x5e\xfe"):  # ISATAP
            return IPv4Address(address.packed[12:])
    return address
