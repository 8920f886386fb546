"""What would each threshold cost on pairs of yours? `python 07_choose_a_threshold.py DATASET`.

First `likeness evaluate import csv --name DATASET --pairs pairs.csv --archive photographs/`: 3000 mated and 3000
non-mated pairs of people like yours carry an FMR of 0.1 %. A key needs the scope `evaluate`.
"""

import csv
import io
import os
import sys

from likeness import Client, EvaluationRun

URL = os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("LIKENESS_API_KEY")
THRESHOLDS = (0.25, 0.30, 0.363, 0.40, 0.45)


def tell(run: EvaluationRun) -> None:
    """How it goes on."""
    print(f"{run.status}: {run.images_done} of {run.images} images", file=sys.stderr)


def main(dataset: str) -> None:
    """Run, fetch every score, count."""
    with Client(URL, key=KEY) as client:
        run = client.evaluations.start(dataset)
        run = client.evaluations.wait(run.id, tell=tell)
        if run.status != "succeeded":
            sys.exit(f"{run.status}: {run.document['error']}")
        rows = [*csv.DictReader(io.StringIO(client.evaluations.file(run.id, "csv")))]
    scored = [(row["mated"] == "1", float(row["score"])) for row in rows if row["score"]]
    mated, non_mated = ([score for is_mated, score in scored if is_mated is kind] for kind in (True, False))
    print(f"{len(mated)} mated and {len(non_mated)} non-mated pairs; {len(rows) - len(scored)} not acquired (FTA)")
    for threshold in THRESHOLDS:
        # A score exactly on the threshold is a match.
        fmr, fnmr = sum(score >= threshold for score in non_mated), sum(score < threshold for score in mated)
        print(f"{threshold:5.3f}  FMR {fmr}/{len(non_mated)}  FNMR {fnmr}/{len(mated)}")
    print(f"with intervals, and what they support: likeness evaluate report {run.id} --out reports/")
    print(f"to have the service decide by it:      likeness evaluate calibrate {run.id}")


if __name__ == "__main__":
    main(sys.argv[1])
