"""Signed receipts."""

from pydantic import SecretStr

from core.settings.groups.group import Group, setting


class ReceiptSettings(Group):
    """Signed receipts."""

    key: SecretStr | None = setting(
        "RECEIPT_KEY",
        None,
        description="Private Ed25519 or P-256 key that signs receipts, as PEM or JWK; none: no receipts",
    )
