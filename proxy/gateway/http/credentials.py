"""Credentials out of heads before anything is written. Pure but for a bounded cache.

A credential is replaced by `fp:` and a keyed fingerprint. What counts as one: the values of the
headers below, the query parameters below (wherever a URL stands in a head), and any other place in
the same head that repeats one of them, as it is, percent-encoded, or in base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from proxy.gateway.limits import SECRET_CACHED_BYTES_MAX, SECRETS_CACHED_MAX

REQUEST_CREDENTIALS: Final = frozenset(
    {b"x-goog-api-key", b"authorization", b"proxy-authorization", b"cookie", b"x-goog-upload-url"}
    # The same as some clients misspell them; nobody honours these, but the value is as secret.
    | {b"x_goog_api_key", b"proxy_authorization", b"x_goog_upload_url", b"x-api-key", b"api-key"}
)
RESPONSE_CREDENTIALS: Final = frozenset({b"set-cookie", b"x-goog-upload-url"})
CREDENTIALS: Final = REQUEST_CREDENTIALS | RESPONSE_CREDENTIALS
"""For heads that are not looked at line by line on the way: interim responses, switches, trailers."""
QUERY_CREDENTIALS: Final = frozenset({b"key", b"access_token", b"upload_id", b"api_key"})

REPEATED_SECRET_BYTES_MIN: Final = 8
"""Shorter values are not searched for elsewhere: they would blank out innocent text."""

_QUERY: Final = re.compile(
    rb"(?i)([?&;#](?:key|access_token|upload_id|api_key)=[\"'<]?)([^&#\s\"'<>]+)"
)
_MARK: Final = re.compile(rb"fp:[0-9a-f]{16}\Z")
_SCHEME: Final = re.compile(rb"(?i)^(?:bearer|basic)\s+")


class Redactor:
    """Replaces credentials by fingerprints. One per worker; remembers the last few it saw."""

    def __init__(self, fingerprint: Callable[[bytes], str]) -> None:
        self._fingerprint = fingerprint
        self._known: dict[bytes, tuple[bytes, tuple[bytes, ...]]] = {}

    def mark(self, secret: bytes) -> bytes:
        """What stands in the record instead of `secret` (`fp:` and 16 hexadecimal digits)."""
        return self._look_up(secret)[0] if secret else secret

    def header_secret(self, value: bytes) -> bytes:
        """The secret part of a credential header: without `Bearer` or white space, so that all ways of sending match."""
        return _SCHEME.sub(b"", value, count=1).rstrip(b" \t")

    def text(self, head: bytes, secrets: Iterable[bytes] = ()) -> bytes:
        """`head` with credentials in URLs, and further occurrences of `secrets`, replaced."""
        # `find`, for `in` first tries bytes as a number: an exception each time, 4 % of a request's instructions.
        find = head.find
        if find(b"=") >= 0 and (find(b"?") >= 0 or find(b"&") >= 0 or find(b"#") >= 0):
            found: list[bytes] = []

            def swap(match: re.Match[bytes]) -> bytes:
                if _MARK.match(match[2]):
                    return match[0]
                found.append(unquote_to_bytes(match[2]))
                return match[1] + self.mark(found[-1])

            head = _QUERY.sub(swap, head)
            if found:
                secrets = [*secrets, *found]
        # The longest first: one that begins with another would leave its rest standing.
        for secret in sorted(secrets, key=len, reverse=True):
            mark, forms = self._look_up(secret)
            for form in forms:
                head = head.replace(form, mark)
        return head

    def target(self, target: bytes, secrets: list[bytes]) -> bytes:
        """A request target without credential parameters; what they were is added to `secrets`.

        Here a value ends at `&` only, whatever it holds, and names may be percent-encoded.
        """
        path, mark, query = target.partition(b"?")
        if b"=" not in query:
            return target
        parts = [self._parameter(part, secrets) for part in query.split(b"&")]
        return path + mark + b"&".join(parts)

    def _parameter(self, part: bytes, secrets: list[bytes]) -> bytes:
        name, equals, value = part.partition(b"=")
        if value and unquote_to_bytes(name).lower() in QUERY_CREDENTIALS:
            secret = unquote_to_bytes(value)
            secrets.append(secret)
            return name + equals + self.mark(secret)
        return part

    def lines(self, headers: Iterable[tuple[bytes, bytes]], secrets: Iterable[bytes]) -> bytes:
        """Header lines for the record, each with its line end, without credentials."""
        written: list[bytes] = []
        known = list(secrets)
        for name, value in headers:
            if value and name.lower() in CREDENTIALS:
                secret = self.header_secret(value)
                known.append(secret)
                written.append(name + b": " + self.mark(secret) + b"\r\n")
            else:
                written.append(name + b": " + value + b"\r\n")
        return self.text(b"".join(written), known)

    def _look_up(self, secret: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        known = self._known.get(secret)
        if known is None:
            known = (b"fp:" + self._fingerprint(secret).encode(), _forms(secret))
            if len(secret) > SECRET_CACHED_BYTES_MAX:
                return known
            if len(self._known) >= SECRETS_CACHED_MAX:
                self._known.clear()
            self._known[secret] = known
        return known


def _forms(secret: bytes) -> tuple[bytes, ...]:
    """The ways a secret may be written elsewhere in a head."""
    if len(secret) < REPEATED_SECRET_BYTES_MIN:
        return ()
    written = (secret, quote_from_bytes(secret, safe="").encode(), base64.b64encode(secret))
    return tuple(dict.fromkeys(written))
