"""The limits of a face's quality measures."""

from pydantic import Field

from core.settings.groups.group import Group


class QualityLimits(Group):
    """Past which quality measures a face gets a warning, or is refused where quality is required (docs/quality.md)."""

    quality_max_yaw_deg: float = Field(55.0, gt=0, le=180, description="Largest yaw either way; `extreme_pose`")
    quality_max_pitch_deg: float = Field(35.0, gt=0, le=90, description="Largest pitch either way; `extreme_pose`")
    quality_min_sharpness: float = Field(0.55, ge=0, description="Least sharpness; `blurred`")
    quality_min_brightness: float = Field(0.2, ge=0, le=1, description="Least mean luma; `too_dark`")
    quality_max_overexposure: float = Field(0.1, ge=0, le=1, description="Largest white share; `overexposed`")
    quality_min_eye_distance_px: float = Field(
        20.0, ge=0, description="Least distance between the eyes, seen from the front; `low_resolution`"
    )
    quality_max_cut_off: float = Field(
        0.15, ge=0, le=1, description="Largest share of the face beyond the image's edge; `face_cut_off`"
    )
