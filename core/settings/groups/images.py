"""Images: how large they may be, how long they stay."""

from pydantic import Field

from core.settings.groups.group import Formats, Group, setting
from core.vocabulary import ImageFormat


class ImageLimits(Group):
    """How large an image may be: at the door, and once more in the engine."""

    max_image_bytes: int = Field(10 * 2**20, ge=1024, description="Largest image accepted, in bytes")
    max_image_pixels: int = Field(40_000_000, ge=1024, description="Largest image accepted, in declared pixels")
    max_reduced_pixels: int = Field(
        200_000_000,
        ge=0,
        description="Largest baseline JPEG accepted; past LIKENESS_MAX_IMAGE_PIXELS it is decoded reduced",
    )
    image_formats: Formats = Field(
        tuple(ImageFormat), min_length=1, description="Image formats accepted, comma-separated"
    )


class ImageSettings(ImageLimits):
    """Submitted images: how large they may be, how long they stay."""

    retention_s: int = setting(
        "IMAGE_RETENTION_S", 0, ge=0, description="How long images stay after their job ends; 0 deletes at once"
    )
    urls: bool = setting(
        "IMAGE_URLS", False, description="Whether images may be named by URL; the fetcher fetches them"
    )
    orphan_age_s: int = Field(3600, ge=60, description="Age at which stored images that no job names are deleted")
