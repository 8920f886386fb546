"""Are these two photographs of one person? `python 01_verify_two_photographs.py REFERENCE PROBE`."""

import os
import sys
from pathlib import Path

from likeness import ApiError, Client, ComparisonJob

URL = os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("LIKENESS_API_KEY")


def told(job: ComparisonJob) -> str:
    """What the job found, for people. "No face" is a result with a reason, not an error."""
    if job.outcome == "compared":
        return f"{job.decision}: score {job.score:.4f}, threshold {job.threshold} ({job.document['threshold_origin']})"
    if job.outcome == "not_acquired":
        return "\n".join(f"{fault['side']}: {fault['reason']}: {fault['detail']}" for fault in job.reasons)
    error = job.document["error"] or {"code": job.status, "message": "it has not ended"}
    return f"{error['code']}: {error['message']}"


def main(reference: Path, probe: Path) -> None:
    """Submit, wait, tell."""
    with Client(URL, key=KEY) as client:
        # `require_one` refuses a photograph with bystanders; the default takes the largest face.
        job = client.submit(reference.read_bytes(), probe.read_bytes(), policy="require_one")
        job = client.wait(job.id, timeout_s=60)
        print(job.id)
        print(told(job))
        for side in ("reference", "probe"):
            for warning in job.warnings(side):
                print(f"{side}: {warning}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except ApiError as error:
        sys.exit(f"{error.code}: {error}")
