"""A certificate for loopback that nobody vouches for."""

import subprocess
from pathlib import Path

import pytest

_REQUEST = (
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=127.0.0.1",
)


def own_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the files of a fresh certificate and its key; skip the test where none can be made."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    files = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate))
    made = subprocess.run([*_REQUEST, *files], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("needs the openssl command to make a certificate")
    return certificate, key
