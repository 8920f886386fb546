"""What many tests share ends with the last test that asks for it, so that nothing idle runs beside the others."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import pytest

T = TypeVar("T")


class Shared:
    """Open context managers, by the name of the fixture that lends what they hold."""

    def __init__(self) -> None:
        self._lent: dict[str, tuple[object, ExitStack]] = {}

    def lend(self, name: str, make: Callable[[], AbstractContextManager[T]]) -> T:
        """What `make` gave the first time. The name is that of the fixture that calls this."""
        if name not in self._lent:
            until_the_end = ExitStack()
            self._lent[name] = (until_the_end.enter_context(make()), until_the_end)
        return self._lent[name][0]  # type: ignore[return-value]

    def close_all_but(self, names: list[str]) -> None:
        """End what none of these fixtures lends, the last one first."""
        for name in [name for name in reversed(self._lent) if name not in names]:  # one may stand on another before it
            self._lent.pop(name)[1].close()


SHARED = Shared()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """After a test: end what the next one, and with it all that follow in its group, does not ask for."""
    SHARED.close_all_but(getattr(nextitem, "fixturenames", []))
