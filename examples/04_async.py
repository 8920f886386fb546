"""Many comparisons side by side on asyncio: `python 04_async.py REFERENCE PROBE...`."""

import asyncio
import os
import sys
from pathlib import Path

from likeness import ApiRefused, AsyncClient

URL = os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("LIKENESS_API_KEY")
#: A key may hold a quarter of the API's threads with calls that wait; more at once only take turns.
AT_ONCE = 4


async def main(reference: bytes, probes: list[Path]) -> None:
    """Every probe against the reference."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with AsyncClient(URL, key=KEY, patience_s=60) as client:

        async def compare(probe: Path) -> str:
            async with turns:
                try:
                    job = await client.submit(reference, await asyncio.to_thread(probe.read_bytes))
                except ApiRefused as refused:  # this photograph, not all of them
                    return f"{probe.name}: {refused.code}"
                job = await client.wait(job.id)
                return f"{probe.name}: {job.decision or job.reasons[0]['reason']}"

        for line in await asyncio.gather(*map(compare, probes)):
            print(line)
        print("the newest:", [job.id async for job in client.jobs(limit=2)])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).read_bytes(), [Path(name) for name in sys.argv[2:]]))
