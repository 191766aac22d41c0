from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.config.certificates import server_context
from proxy.errors import ConfigError
from tests.certificates import certificate


def test_without_a_certificate_a_listener_speaks_plain_http() -> None:
    assert server_context(None, None) is None


def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    context = server_context(*certificate(tmp_path, "localhost"))

    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_NONE


def test_clients_are_asked_for_certificates_of_the_authorities_named(tmp_path: Path) -> None:
    crt, key = certificate(tmp_path, "localhost")

    context = server_context(crt, key, crt)

    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
    with pytest.raises(ConfigError, match=r"localhost\.key holds no certificates"):
        server_context(crt, key, key)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda crt, _: crt.write_text("no certificate"),
        lambda crt, key: key.write_bytes(crt.read_bytes()),
        lambda _, key: key.unlink(),
    ],
    ids=["no certificate", "no key", "no file"],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, spoil: Callable[[Path, Path], object]
) -> None:
    crt, key = certificate(tmp_path, "localhost")
    spoil(crt, key)

    with pytest.raises(ConfigError, match=r"localhost\.crt and .*localhost\.key cannot be used"):
        server_context(crt, key)
