"""A server's TLS: what listens here has a certificate, and hands everything on to a server that has none."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import (
    BasicConstraints,
    CertificateBuilder,
    IPAddress,
    Name,
    NameAttribute,
    SubjectAlternativeName,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

from infra.local.servers import LOOPBACK


@contextmanager
def with_tls(port: int, directory: Path) -> Iterator[tuple[int, Path]]:
    """The port at which the server of `port` is found with TLS, and the certificate that its clients must trust."""
    certificate, key = _certificate(directory)
    command = [sys.executable, "-m", __name__, str(port), str(certificate), str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline()), certificate
        finally:
            process.kill()


async def listen(port: int, certificate: str, key: str) -> None:
    """Until it is killed; prints where."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(partial(_serve, port), LOOPBACK, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _serve(port: int, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
    server, to_server = await asyncio.open_connection(LOOPBACK, port)
    await asyncio.gather(_hand_on(client, to_server), _hand_on(server, to_client))


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while said := await reader.read(1 << 16):
            writer.write(said)
            await writer.drain()
    writer.close()


def _certificate(directory: Path) -> tuple[Path, Path]:
    """Of loopback, signed by itself, and its key."""
    key, name = generate_private_key(SECP256R1()), Name([NameAttribute(NameOID.COMMON_NAME, "a test's server")])
    now = datetime.now(UTC)
    made = (
        CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(SubjectAlternativeName([IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    certificate, private = directory / "tls.pem", directory / "tls-key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1]), *sys.argv[2:]))
