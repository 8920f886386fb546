"""Why nothing answered, in the system's words."""


def reason_of(error: BaseException) -> str:
    """What the system said to the library that raised this; the library's own words where it said nothing."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.strerror:
            return found.strerror
        found = found.__cause__ or found.__context__
    return str(error).rstrip(".") or type(error).__name__
