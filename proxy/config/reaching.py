"""Settings of the ways in and out of the proxy. A part of the catalogue: `Settings` inherits it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proxy.config.declare import Kind, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """Fields as in `Settings`."""

    listen_tls_certificate_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Certificate chain (PEM): clients then come by https. SIGHUP reads it anew, streams go on.",
    )
    listen_tls_key_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None, Kind.FILE, why="Private key (PEM, no passphrase) of listen.tls_certificate_file."
    )
    gateway_drain_s: float = setting(
        12.0,
        Kind.NUMBER,
        unit="s",
        least=0,
        most=3600,
        why="At a stop, exchanges under way may go on for so long; what is longer is cut, and recorded so.",
    )
    upstream_proxy_url: str = setting(
        "off",
        Kind.TEXT,
        why="http://host:port that opens the way to upstream (CONNECT), where there is no straight one.",
    )
    admin_tls_certificate_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Certificate chain (PEM): the admin listener and the console are then reached by https.",
    )
    admin_tls_key_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None, Kind.FILE, why="Private key (PEM, no passphrase) of admin.tls_certificate_file."
    )
    admin_tls_client_ca_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="Authorities (PEM): who has no client certificate of theirs does not reach the admin listener.",
    )
    console_trace_url: str = setting(
        "",
        Kind.TEXT,
        why="Where traces are seen, with {trace_id} where it belongs: the console leads there.",
    )
    console_dashboard_url: str = setting(
        "",
        Kind.TEXT,
        why="Where dashboards are seen; {from} and {to} become milliseconds. The console leads there.",
    )
    fleet_engine_file: Path | None = setting(  # noqa: RUF009  # a field, as dataclasses.field
        None,
        Kind.FILE,
        why="A file (TOML) with the engine of a fleet: many proxies, one record there, besides the one here.",
    )
    fleet_proxy_name: str = setting(
        "",
        Kind.TEXT,
        why="This proxy's name in its fleet, before the one in the file: where several share a file.",
    )
