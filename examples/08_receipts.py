"""A receipt that outlives the job, verified without asking anybody: `python 08_receipts.py REFERENCE PROBE`."""

import hashlib
import os
import sys
from pathlib import Path

import jwt  # pip install pyjwt[crypto]

from likeness import Client

URL = os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("LIKENESS_API_KEY")


def main(reference: bytes, probe: bytes) -> None:
    """Fetch both, erase the job, verify."""
    with Client(URL, key=KEY) as client:
        job = client.wait(client.submit(reference, probe).id)
        receipt, keys = client.receipt(job.id), client.jwks()  # keep both
        client.erase(job.id)

    # From here on nothing is asked of anybody.
    key = next(k for k in jwt.PyJWKSet.from_dict(keys).keys if k.key_id == jwt.get_unverified_header(receipt)["kid"])
    claims = jwt.decode(receipt, key, algorithms=["EdDSA", "ES256"])
    print(f"signed: {claims['decision']}, threshold {claims['threshold']['value']}, pack {claims['pack']['name']}")
    signed = {image["sha256"] for image in claims["inputs"].values()}
    print(f"of these images: {signed == {hashlib.sha256(image).hexdigest() for image in (reference, probe)}}")

    head, body, signature = receipt.split(".")
    try:
        jwt.decode(f"{head}.{body[:-4]}AAAA.{signature}", key, algorithms=["EdDSA", "ES256"])
    except jwt.InvalidTokenError as error:
        print(f"changed: {error}")


if __name__ == "__main__":
    main(*(Path(name).read_bytes() for name in sys.argv[1:3]))
