"""How our own listeners speak TLS: certificate and key of ours, and whose clients may come."""

from __future__ import annotations

import ssl
from pathlib import Path

from proxy.errors import ConfigError


def server_context(
    certificate: Path | None, key: Path | None, client_ca: Path | None = None
) -> ssl.SSLContext | None:
    """For a listener; None: it speaks plain HTTP.

    Args:
        certificate: PEM, ours first, then those between it and the root.
        key: PEM, of ours.
        client_ca: certificates (PEM) one of which must have signed a client's. None: clients need none.

    Raises:
        ConfigError: a file is not readable, not what it should be, or they do not belong together.
    """
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a passphrase of our own OpenSSL would ask the terminal for one.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:  # an SSLError is one
        what = error.strerror if error.filename else "not PEM, encrypted, or not of one another"
        raise ConfigError(f"TLS: {certificate} and {key} cannot be used: {what}") from error
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(client_ca)
        except OSError as error:
            raise ConfigError(
                f"TLS: {client_ca} holds no certificates (PEM) to check clients by: {error.strerror or 'not PEM'}"
            ) from error
    return context
