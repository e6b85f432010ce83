"""TLS: verified, pinned to the judged address, and a failure of it is certainly not executed."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.wire.call import NotSent, Request
from hub.wire.http import HttpTransport
from hub.wire.policy import Policy
from tests.unit.wire.server import answering, reply, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for shop.example and 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("shop.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def wrapper(certificate: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda sock: context.wrap_socket(sock, server_side=True)


def policy(host: str, certificate: Path | None) -> Policy:
    return Policy(
        private_targets=frozenset({host}),
        ca_file=str(certificate) if certificate else None,
        resolver=lambda name, port: ["127.0.0.1"],
    )


def test_the_name_is_verified_while_the_address_is_pinned(certificate):
    with serving(answering(reply()), wrapper(certificate)) as (port, seen):
        transport = HttpTransport(policy("shop.example", certificate))
        for _ in range(2):
            answer = transport.send(Request("POST", f"https://shop.example:{port}/", body=b"x"))
            assert answer.status == 200
        assert seen.connections == 1
        assert f"Host: shop.example:{port}".encode() in seen.requests[0]


def test_an_unknown_authority_is_not_sent(certificate):
    with serving(answering(reply()), wrapper(certificate)) as (port, seen):
        with pytest.raises(NotSent, match="certificate"):
            HttpTransport(policy("shop.example", None)).send(Request("POST", f"https://shop.example:{port}/"))
        assert not seen.requests


def test_another_name_is_not_sent(certificate):
    with serving(answering(reply()), wrapper(certificate)) as (port, seen):
        with pytest.raises(NotSent, match="certificate"):
            HttpTransport(policy("evil.example", certificate)).send(Request("POST", f"https://evil.example:{port}/"))
        assert not seen.requests
