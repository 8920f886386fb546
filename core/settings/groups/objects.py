"""The object store."""

from typing import Literal

from pydantic import Field, SecretStr

from core.settings.groups.group import Group, named, required, setting


class ObjectSettings(Group):
    """The object store."""

    model_config = named("LIKENESS_S3_")

    endpoint: str | None = Field(None, description="S3 endpoint, e.g. http://host:9000")
    access_key: SecretStr | None = Field(None, description="S3 access key")
    secret_key: SecretStr | None = Field(None, description="S3 secret key")
    region: str = Field("us-east-1", description="S3 region, as the server expects it in signatures")
    bucket: str = Field("likeness", description="Bucket for images, data sets and reports")
    local: Literal["seaweedfs", "rclone"] = setting(
        "LOCAL_STORE",
        "seaweedfs",
        description="The embedded object store, where no endpoint is set; `rclone` costs less and promises less",
    )

    @property
    def credentials(self) -> tuple[str, str, str]:
        """Endpoint, access key, secret key."""
        return (
            required(self.endpoint, "S3_ENDPOINT"),
            required(self.access_key, "S3_ACCESS_KEY").get_secret_value(),
            required(self.secret_key, "S3_SECRET_KEY").get_secret_value(),
        )
