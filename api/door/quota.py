"""How many comparisons a key may submit a day."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from api.door.caller import caller
from api.door.rates import exceeded
from api.door.services import services
from core.errors import RecordsUnavailable


@contextmanager
def counted() -> Iterator[None]:
    """Count a comparison against its key's day. One that is not accepted in the end does not count."""
    key, rates = caller().key, services().rates
    own = key.comparisons_per_day if key else 0
    per_day = services().settings.limits.key_comparisons_per_day if own is None else own
    if key is None or not per_day:
        yield
        return
    granted, allowance = rates.count_comparison(key.owner, per_day)
    caller().allowances.append(allowance)
    if not granted:
        raise exceeded("quota_exceeded", f"this key may submit {per_day} comparisons a day", allowance)
    try:
        yield
    except BaseException:
        with suppress(RecordsUnavailable):  # then one comparison was counted for nothing
            rates.return_comparison(key.owner, per_day)
        raise
