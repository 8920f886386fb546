"""What `core/storage/SCHEMA.md` says of the records, and what of a server's keys it does not say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.settings import CHECKOUT
from core.settings.groups import RedisSettings
from core.storage.connection import connect
from core.storage.lifecycle import Status
from core.webhooks.deliveries import DeliveryStatus

PAGE = CHECKOUT / "core" / "storage" / "SCHEMA.md"
PLACEHOLDERS = {
    "<kind>": "(?:job|run|delivery|batch|shard)",
    "<id>": "(?:[a-z]+_[0-9a-f]{32}(?:\\.[0-9]{5})?|[0-9a-f]{12})",
    "<owner>": "[^:]*",
    "<status>": f"(?:{'|'.join((*Status, *DeliveryStatus))})",
    "<host>": "[0-9a-f]{32}",
    "<share>": "callbacks(?:-retry)?",
    "<object>": "(?:comparisons|batches)/.+",
    "<digest>": "[0-9a-f]{64}",
    "<sha256>": "[0-9a-f]{64}",
    "<name>": ".+",
}
_ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \| (.*?) \|", re.MULTILINE)
_FIELD = re.compile(r"`([a-z0-9_]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the page's table. Without named fields, a hash has numbers for its fields."""

    key: str
    type: str
    fields: frozenset[str]

    def matches(self, key: str) -> bool:
        pattern = "".join(PLACEHOLDERS.get(part, re.escape(part)) for part in re.split(r"(<\w+>)", self.key))
        return re.fullmatch(pattern, key) is not None

    def faults(self, client: Any, key: str) -> Iterator[str]:
        """What there is about a key of this row that the row does not say."""
        if (found := client.type(key)) == "none":
            return  # it has gone meanwhile
        if self.type not in (found, "any"):
            yield f"{key} is a {found}, not a {self.type}"
        elif found == "hash":
            unknown = [
                name for name in client.hkeys(key) if not (name in self.fields if self.fields else name.isdigit())
            ]
            yield from (f"{key} has the field {name}" for name in unknown)


def rows() -> list[Row]:
    found = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    return [Row(key, kind, frozenset(_FIELD.findall(what) if kind == "hash" else ())) for key, kind, what in found]


def unexplained(server: RedisSettings) -> list[str]:
    """What lies among the records of this server and is not on the page; empty where all of it is."""
    client, page = connect(server), rows()
    faults: list[str] = []
    for key in sorted(client.scan_iter(count=1000)):
        matching = [row for row in page if row.matches(key)]
        if len(matching) == 1:
            faults += matching[0].faults(client, key)
        else:
            faults.append(f"{key} matches {[row.key for row in matching] or 'nothing'}")
    return faults
