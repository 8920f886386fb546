"""Images are sealed before they are stored: AES-256-GCM, with a key of the job's own that lies in its record alone.

Whoever reads the bucket, the disk under it or a copy of either sees nothing, and erasing is to forget 32 bytes,
whatever the object store still holds.
"""

import secrets
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from core.errors import ImagesDamaged

KEY_BYTES = 32
#: What GCM asks for. A key seals once, so that chance never has to keep two of them apart.
NONCE_BYTES = 12
TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class SealKey:
    """What opens the images of one job. No answer, event, receipt or log shows it."""

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """A key of chance."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> Self:
        """As a record has it."""
        return cls(bytes.fromhex(text))

    @property
    def text(self) -> str:
        """For a record, and for nothing else."""
        return self.secret.hex()

    def seal(self, *parts: bytes, name: str) -> bytes:
        """The parts one after another, as nonce, ciphertext and tag, which only open again under this name.

        In parts, so that they need not be put together in clear: two photographs are up to 20 MB.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        encryptor = Cipher(AES(self.secret), GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(name.encode())
        return b"".join([nonce, *map(encryptor.update, parts), encryptor.finalize(), encryptor.tag])

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """What was sealed. Raise ImagesDamaged unless it is, byte by byte, what this key has sealed under this name."""
        try:
            return AESGCM(self.secret).decrypt(sealed[:NONCE_BYTES], memoryview(sealed)[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):  # ValueError: too short for a nonce
            raise ImagesDamaged from None
