"""What the inner ports of the embedded object store ask for. SeaweedFS hands out and deletes everything there, S3's own
keys included, to whoever connects, and every user of a machine reaches its loopback.

Certificates for gRPC, and keys for what is left of HTTP, are made at each start: nothing expires or lies half made, and
the key that signs the certificates is never written down. `weed shell` finds them when it is run in the directory.
"""

import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    CertificateBuilder,
    Name,
    NameAttribute,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

from core.private import write_private

SECURITY, AUTHORITY, CERTIFICATE, KEY = "security.toml", "inner-ca.pem", "inner.pem", "inner-key.pem"
#: Every part of SeaweedFS that listens or connects; one that is not named here goes without.
PARTS = ("master", "volume", "filer", "s3", "admin", "worker", "client", "msg_broker", "msg_agent", "mq")
SIGNED = ("signing", "signing.read", "filer_signing", "filer_signing.read")
#: RFC 5280, 4.1.2.5: no well-defined end. They last as long as the process that reads them.
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
#: A clock may be put back.
BEFORE = timedelta(days=1)


def write_credentials(directory: Path) -> None:
    """Make them and put them into the directory in which the server runs, for its owner alone."""
    authority_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = _certificate("authority", authority_key, signed_by=authority_key, is_authority=True)
    certificate = _certificate("store", key, signed_by=authority_key, is_authority=False)
    write_private(directory / AUTHORITY, authority.public_bytes(Encoding.PEM).decode())
    write_private(directory / CERTIFICATE, certificate.public_bytes(Encoding.PEM).decode())
    write_private(directory / KEY, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    write_private(directory / SECURITY, _security())


def _security() -> str:
    """As `weed scaffold -config=security` explains it."""
    sections = [
        ("grpc", {"ca": AUTHORITY}),
        *((f"grpc.{part}", {"cert": CERTIFICATE, "key": KEY}) for part in PARTS),
        *((f"jwt.{use}", {"key": secrets.token_hex(32)}) for use in SIGNED),
        ("admin", {"user": "likeness", "password": secrets.token_hex(32)}),
    ]
    return "\n".join(
        f"[{name}]\n" + "".join(f'{field} = "{value}"\n' for field, value in fields.items())
        for name, fields in sections
    )


def _certificate(
    name: str, key: EllipticCurvePrivateKey, *, signed_by: EllipticCurvePrivateKey, is_authority: bool
) -> Certificate:
    return (
        CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("authority"))
        .public_key(key.public_key())
        .serial_number(random_serial_number())
        .not_valid_before(datetime.now(UTC) - BEFORE)
        .not_valid_after(NEVER)
        .add_extension(BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .sign(signed_by, SHA256())
    )


def _named(name: str) -> Name:
    return Name([NameAttribute(NameOID.COMMON_NAME, f"likeness inner ports: {name}")])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m infra.local.inner_ports DIRECTORY")
    write_credentials(Path(sys.argv[1]))
