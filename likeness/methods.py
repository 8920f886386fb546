"""Methods written once, as coroutines: an asynchronous client hands them out, a synchronous one runs them to the end.

Under a synchronous client nothing ever suspends: its transport blocks. So a coroutine needs no loop; one step ends it.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterator
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

P = ParamSpec("P")
T = TypeVar("T")


class Synchronous:
    """Its methods block, and return their result."""


class Asynchronous:
    """Its methods return what is awaited, or iterated over by `async for`."""


class method(Generic[P, T]):
    """A call that has one result."""

    def __init__(self, written: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self._written, self._blocking = written, _running(written)
        self.__doc__ = written.__doc__

    @overload
    def __get__(self, part: None, kind: type) -> Callable[..., Any]: ...
    @overload
    def __get__(self, part: Synchronous, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, part: Asynchronous, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, part: Any, kind: type) -> Callable[..., Any]:
        function = self._blocking if issubclass(kind, Synchronous) else self._written
        return function if part is None else MethodType(function, part)


class listing(Generic[P, T]):
    """A call that has many, fetched as they are asked for."""

    def __init__(self, written: Callable[Concatenate[Any, P], AsyncGenerator[T, None]]) -> None:
        self._written, self._blocking = written, _walking(written)
        self.__doc__ = written.__doc__

    @overload
    def __get__(self, part: None, kind: type) -> Callable[..., Any]: ...
    @overload
    def __get__(self, part: Synchronous, kind: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, part: Asynchronous, kind: type) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, part: Any, kind: type) -> Callable[..., Any]:
        function = self._blocking if issubclass(kind, Synchronous) else self._written
        return function if part is None else MethodType(function, part)


def _running(written: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
    @wraps(written)
    def run(*arguments: Any, **named: Any) -> T:
        return _result(written(*arguments, **named))

    return run


def _walking(written: Callable[..., AsyncGenerator[T, None]]) -> Callable[..., Generator[T, None, None]]:
    @wraps(written)
    def walk(*arguments: Any, **named: Any) -> Generator[T, None, None]:
        found = written(*arguments, **named)
        try:
            while True:
                try:
                    one = _result(anext(found))
                except StopAsyncIteration:
                    return
                yield one
        finally:
            _result(found.aclose())

    return walk


def _result(awaitable: Awaitable[T]) -> T:
    try:
        next(iter(awaitable.__await__()))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("nothing suspends under a transport that blocks")
