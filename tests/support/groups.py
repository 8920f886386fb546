"""Which tests run beside which: a hook reads it off the fixtures a test asks for, so that nobody can forget a mark.

`promise`: the test starts and kills a stack of its own; one after the other, in one worker of pytest-xdist.
`stack`: it needs a running process of ours or an embedded server. What shares one stays in one worker, so that it is
started once. Everything else stays with its module, whose fixtures are then made once.
"""

from collections.abc import Sequence

import pytest

PROMISE = ("own_stack", "whole_stack")
#: Lent by `shared`, in the order in which they are used.
SHARED = ("stack", "secured", "post", "signing", "elsewhere", "batching", "uploading", "watched", "browsing")
SERVERS = ("object_store", "servers", "redis_server")
LOCAL = "local"


def group_of(item: pytest.Item) -> str:
    """Adds the mark as well."""
    fixtures: Sequence[str] = getattr(item, "fixturenames", ())
    if item.get_closest_marker("promise") or any(name in fixtures for name in PROMISE):
        item.add_marker(pytest.mark.promise)
        return "promises"
    if LOCAL in item.path.parts:  # stacks as `likeness up` starts them prefer the same ports
        if any(name in fixtures for name in ("home", *SERVERS)):
            item.add_marker(pytest.mark.stack)
        return LOCAL
    for name in (*SHARED, *SERVERS):
        if name in fixtures:
            item.add_marker(pytest.mark.stack)
            return name
    return item.nodeid.partition("::")[0]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring each group together, the longest first."""
    groups = {item.nodeid: group_of(item) for item in items}
    order = ["promises", LOCAL, *SHARED, *SERVERS]
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item.nodeid]))
    items.sort(key=lambda item: order.index(groups[item.nodeid]) if groups[item.nodeid] in order else len(order))
