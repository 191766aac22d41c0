"""The verb `console`: the address of the web console, with the owner's token behind it.

What stands behind # a browser keeps to itself, and the console takes it out of the address.
"""

from __future__ import annotations

import argparse
from typing import Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import DONE, Arguments, Verb


def _run(parsed: Arguments) -> int:
    from proxy.admin.listener import AdminSettings
    from proxy.config.values import is_loopback
    from proxy.errors import StartRefused

    settings = resolved(parsed).settings
    if not settings.admin_port:
        raise StartRefused("admin.port is 0, a free port: `serve` says which one it took")
    host = (
        f"[{settings.admin_address}]" if ":" in settings.admin_address else settings.admin_address
    )
    scheme = "https" if settings.admin_tls_certificate_file else "http"
    address = f"{scheme}://{host}:{settings.admin_port}/console/"
    if not is_loopback(settings.admin_address):
        print(address)
        return DONE
    token = AdminSettings(data_folder=settings.data_folder).local_token_path
    try:
        secret = token.read_text("utf-8").strip()
    except OSError as error:
        raise StartRefused(
            f"cannot read {token} ({error.strerror}): start the proxy first, and be its owner"
        ) from error
    print(f"{address}#token={secret}")
    return DONE


def _arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)


CONSOLE: Final = (
    Verb(
        "console",
        "the address of the web console; it opens with your own token",
        "interactions-proxy console",
        _arguments,
        _run,
    ),
)
