"""One photograph against many, in one job: `python 03_batch.py REFERENCE PROBE...`."""

import os
import sys
from pathlib import Path

from likeness import BatchJob, Client

URL = os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("LIKENESS_API_KEY")


def tell(batch: BatchJob) -> None:
    """How it goes on."""
    print(f"{batch.status}: {batch.done} of {batch.pairs}")


def main(reference: Path, probes: list[Path]) -> None:
    """Submit, follow, read the rows."""
    photographs = {"reference": reference, **{probe.name: probe for probe in probes}}
    # Each photograph is sent once, however many pairs it stands in. A `custom_id` is yours.
    pairs = [{"reference": "reference", "probe": probe.name, "custom_id": f"row {probe.stem}"} for probe in probes]
    with Client(URL, key=KEY, patience_s=60) as client:
        batch = client.batches.submit(photographs, pairs, policy="largest")
        batch = client.batches.wait(batch.id, tell=tell)
        for row in client.batches.results(batch.id):
            # A pair that cannot be judged is a row, with its reasons, not a failed batch.
            print(row["custom_id"], row["outcome"], row["decision"] or row["reasons"] or row["error"])
        client.batches.erase(batch.id)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
