"""One value against its setting, and settings against each other. Pure: a problem is a sentence, or None."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from proxy.config.catalogue import Settings
from proxy.config.declare import Kind, Setting

_VIA: Final = re.compile(r"[A-Za-z0-9.-]{1,64}\Z")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}\Z")
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound
"""Where one listens to be reached on this machine."""
OFF: Final = "off"
"""Of a text setting: there is none."""
_SHOWN_MAX: Final = 60
"""Characters of a bad value that a message repeats: enough to recognise it."""


def read_value(setting: Setting, given: object) -> tuple[object, str | None]:
    """Understand one value. Returns (value, None), or (None, what is wrong and what may be set)."""
    match setting.kind:
        case Kind.WHOLE | Kind.NUMBER:
            return _read_number(setting, given)
        case Kind.CHOICE:
            is_known = isinstance(given, str) and given in setting.choices
            return (given, None) if is_known else _refused(setting, given)
        case Kind.TEXT:
            is_text = isinstance(given, str) and (given or not setting.default)
            return (given, None) if is_text else _refused(setting, given)
        case Kind.FOLDER | Kind.FILE:
            return _read_path(setting, given)


def cross_problems(settings: Settings) -> list[str]:
    """What is wrong with values that are each fine by themselves, or need more than a limit."""
    found = (
        _address_problem(settings.listen_address),
        _upstream_problem(settings.upstream_url),
        _via_problem(settings.gateway_via),
        _loop_problem(settings),
        _address_problem(settings.webhook_address, "webhook.address"),
        _address_problem(settings.admin_address, "admin.address"),
        _scope_problem(settings.steward_scope),
        _proxy_problem(settings.upstream_proxy_url),
        *_tls_problems(settings),
        _link_problem("console.trace_url", settings.console_trace_url, "{trace_id}"),
        _link_problem("console.dashboard_url", settings.console_dashboard_url),
    )
    problems = [problem for problem in found if problem]
    named = {
        "upstream.ca_file": settings.upstream_ca_file,
        "costs.book_file": settings.costs_book_file,
        "admin.tokens_file": settings.admin_tokens_file,
        "listen.tls_certificate_file": settings.listen_tls_certificate_file,
        "listen.tls_key_file": settings.listen_tls_key_file,
        "admin.tls_certificate_file": settings.admin_tls_certificate_file,
        "admin.tls_key_file": settings.admin_tls_key_file,
        "admin.tls_client_ca_file": settings.admin_tls_client_ca_file,
        "door.policy_file": settings.door_policy_file,
        "fleet.engine_file": settings.fleet_engine_file,
    }
    problems += [
        f"{name}: there is no file {path}"
        for name, path in named.items()
        if path is not None and not path.is_file()
    ]
    return problems


def _scope_problem(scope: str) -> str | None:
    if all(_FINGERPRINT.match(one) for one in scope.split(",") if scope):
        return None
    return "steward.scope takes fingerprints of 16 hexadecimal digits, with commas between them"


def _via_problem(via: str) -> str | None:
    if not via or _VIA.match(via):
        return None
    return "gateway.via must be letters, digits, dots and hyphens, at most 64"


def _tls_problems(settings: Settings) -> list[str]:
    """A certificate needs its key; whoever asks for others' certificates must have one."""
    problems = []
    pairs = {
        "listen": (settings.listen_tls_certificate_file, settings.listen_tls_key_file),
        "admin": (settings.admin_tls_certificate_file, settings.admin_tls_key_file),
    }
    for section, (certificate, key) in pairs.items():
        if (certificate is None) != (key is None):
            problems.append(f"set both {section}.tls_certificate_file and {section}.tls_key_file")
    if settings.admin_tls_client_ca_file and settings.admin_tls_certificate_file is None:
        problems.append("admin.tls_client_ca_file needs admin.tls_certificate_file")
    return problems


def _proxy_problem(url: str) -> str | None:
    if url == OFF:
        return None
    try:
        parts = urlsplit(url)
        is_one = bool(parts.scheme == "http" and parts.hostname and parts.port)
    except ValueError:
        parts, is_one = urlsplit(""), False
    if is_one and parts.username is None and parts.path in {"", "/"} and not set(url) & set("?#"):
        return None
    # Not repeated: who sets a proxy with a password does not want it in a log.
    return f"upstream.proxy_url takes http://host:port, without user or path, or {OFF}"


def _link_problem(name: str, url: str, place: str = "") -> str | None:
    """What a browser is sent to."""
    is_link = url.startswith(("https://", "http://")) and url.isascii() and url.isprintable()
    if not url or (is_link and place in url and not set(url) & set("\"<> '")):
        return None
    return f"{name} must begin with https:// or http://" + f", and have {place} in it" * bool(place)


def _loop_problem(settings: Settings) -> str | None:
    """Whether requests would come back to where they were sent from."""
    try:
        upstream = urlsplit(settings.upstream_url)
        host, port = upstream.hostname or "", upstream.port
    except ValueError:
        return None  # said already
    listens_at = settings.listen_address
    is_here = host == listens_at or (is_loopback(host) and listens_at in _HERE)
    if not (is_here and port and port == settings.listen_port):
        return None
    return f"upstream.url: {settings.upstream_url} is this proxy itself"


def is_loopback(host: str) -> bool:
    """Whether a name or address stays on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_number(setting: Setting, given: object) -> tuple[object, str | None]:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return _refused(setting, given)
    try:
        value = int(given) if setting.kind is Kind.WHOLE else float(given)
    except (ValueError, OverflowError):
        return _refused(setting, given)
    if isinstance(given, float) and value != given:
        return _refused(setting, given)
    assert setting.least is not None, setting.name
    assert setting.most is not None, setting.name
    return (value, None) if setting.least <= value <= setting.most else _refused(setting, given)


def _read_path(setting: Setting, given: object) -> tuple[object, str | None]:
    if given is None and setting.default is None:
        return None, None
    if not isinstance(given, str) or not given or "\0" in given:
        return _refused(setting, given)
    try:
        return Path(given).expanduser(), None
    except RuntimeError:  # ~name of a user who does not exist
        return _refused(setting, given)


def _refused(setting: Setting, given: object) -> tuple[None, str]:
    shown = repr(given)
    if len(shown) > _SHOWN_MAX:
        shown = shown[:_SHOWN_MAX] + "…"
    limits = f", {setting.limits}" if setting.limits else ""
    unit = f" ({setting.unit})" if setting.unit else ""
    return None, f"{shown} is not usable; it takes a {setting.kind}{unit}{limits}"


def _address_problem(address: str, name: str = "listen.address") -> str | None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return (
            f"{name}: {address!r} is not an IP address; "
            "127.0.0.1 serves this machine, 0.0.0.0 all networks"
        )
    return None


def _upstream_problem(url: str) -> str | None:
    """An origin over TLS, or in plain text to this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        return f"upstream.url: {url!r} is not an origin such as https://generativelanguage.googleapis.com"
    if parts.username is not None or parts.path not in {"", "/"} or "?" in url or "#" in url:
        return (
            f"upstream.url: {parts.scheme}://{host}… takes an origin only: no user, path or query"
        )
    if parts.scheme == "http" and not is_loopback(host):
        return f"upstream.url: {url!r} would send API keys in plain text; use https, or a loopback address"
    return None
