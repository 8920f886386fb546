"""Uploads, which clients put into the object store by themselves."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from core.settings.groups.group import CommaSeparated, Group, named, setting


class UploadSettings(Group):
    """Uploads: photographs that clients put into the object store by themselves."""

    model_config = named("LIKENESS_UPLOADS_")

    on: bool = setting(
        "UPLOADS", False, description="Whether clients may put photographs into the object store, which they must reach"
    )
    url: str | None = Field(
        None,
        description="The object store as clients reach it, e.g. https://photographs.example; default: "
        "LIKENESS_S3_ENDPOINT",
    )
    expire_s: int = Field(900, ge=1, le=86400, description="How long an upload may be put, and then named")
    sse_c: bool = Field(
        False,
        description="Whether the store encrypts each upload with a key of its own that it does not keep (SSE-C); "
        "SeaweedFS does, others over https alone",
    )
    max_open_per_key: int = setting(
        "MAX_OPEN_UPLOADS_PER_KEY",
        2000,
        ge=1,
        description="Uploads of one key that no submission has named yet; past them 429 `too_many_open_uploads`",
    )

    origins: CommaSeparated = Field(
        (),
        description="Origins of pages that may put uploads, e.g. https://a.example, or *: the bucket's CORS rule, set "
        "in place of any other when the local stack starts, or compose's job `bucket`; empty leaves it as it is",
    )

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            url = urlsplit(origin)
            if origin != "*" and (not url.hostname or origin != f"{url.scheme}://{url.netloc}"):
                raise ValueError(f"must be origins such as https://app.example, without a path, or *; found {origin!r}")
        return value

    @field_validator("url")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        url = urlsplit(value or "http://host")
        if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query:
            raise ValueError("must be http(s)://host[:port], without a path: the signature is over the store's own")
        return value
