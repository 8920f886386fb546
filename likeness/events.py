"""Server-sent events as they come, line by line."""

from collections.abc import AsyncGenerator


async def read(lines: AsyncGenerator[str, None]) -> AsyncGenerator[dict[str, str], None]:
    """Each event's fields: id, event, data, retry. Comments are passed over."""
    event: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(":")
        if name:
            event[name] = value.removeprefix(" ")
        elif event and not line:
            yield event
            event = {}
