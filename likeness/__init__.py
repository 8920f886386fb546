"""Face verification as an asynchronous job service: the client.

>>> from likeness import Client
>>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
...     job = client.submit(open("one.jpg", "rb").read(), open("two.jpg", "rb").read())
...     print(client.wait(job.id).decision)
match
"""

from likeness.batches import BatchJob
from likeness.client import ApiError, ApiRefused, ApiUnreachable, Client, ComparisonJob

__all__ = ["ApiError", "ApiRefused", "ApiUnreachable", "BatchJob", "Client", "ComparisonJob"]
