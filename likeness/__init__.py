"""Face verification as an asynchronous job service: the client.

>>> from likeness import Client
>>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
...     job = client.submit(open("one.jpg", "rb").read(), open("two.jpg", "rb").read())
...     print(client.wait(job.id).decision)
match
"""

from likeness.batches import BatchJob
from likeness.client import AsyncClient, Client, ComparisonJob
from likeness.errors import ApiError, ApiForeign, ApiRefused, ApiSilent, ApiSlow, ApiUnreachable
from likeness.evaluations import EvaluationRun
from likeness.webhooks import SignatureInvalid, Webhook

__all__ = [
    "ApiError",
    "ApiForeign",
    "ApiRefused",
    "ApiSilent",
    "ApiSlow",
    "ApiUnreachable",
    "AsyncClient",
    "BatchJob",
    "Client",
    "ComparisonJob",
    "EvaluationRun",
    "SignatureInvalid",
    "Webhook",
]
