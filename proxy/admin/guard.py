"""What every request to the admin listener passes: is it meant for us, whose is it, may it.

No cookies, no CORS headers: a page of another origin cannot read an answer, and cannot send a token it does
not have. `Host` is compared as it came, so that a name which somebody points at 127.0.0.1 (DNS rebinding)
reaches nothing; what changes something also has to come from no page at all, or from one of ours.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import unquote

from aiohttp import web

from proxy.admin.refusals import REFUSED, Refusals
from proxy.admin.tokens import Reader, Right, TokenFile, TokenRefused
from proxy.recording.secrecy.names import is_like_credential

READER: Final = web.RequestKey("reader", Reader)
REASON_HEADER: Final = "Audit-Reason"
REASON_LEAST: Final = 3
REASON_MOST: Final = 200
"""Characters of a reason: "ticket 4711, data subject request". It is kept in clear: no content."""

SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer that does not say otherwise (the console's pages bring a policy of their own)."""

_CODED: Final = "UTF-8''"
"""Before a reason in percent coding (RFC 8187): a header takes no other letters than Latin ones from a browser."""
_log = logging.getLogger(__name__)

_READING: Final = frozenset({"GET", "HEAD"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})
_MESSAGE_MAX: Final = 2000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """The middleware of the listener."""

    def __init__(
        self,
        tokens: TokenFile,
        hosts: Iterable[str],
        open_paths: Iterable[str],
        refusals: Refusals,
    ) -> None:
        """`hosts`: what Host may say. `open_paths`: need no token; one that ends in a name and `/`, all below it."""
        self._tokens = tokens
        self._refusals = refusals
        self._hosts = frozenset(host.lower() for host in hosts)
        self._open_paths = frozenset(open_paths)
        self._open_below = tuple(
            path for path in self._open_paths if path.strip("/") and path[-1] == "/"
        )

    @web.middleware
    async def pass_on(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer by the handler, or say what is missing."""
        try:
            refusal = self._refusal(request)
            response = refusal if refusal is not None else await handler(request)
        except web.HTTPException as error:
            response = refused(error.status, error.reason)
        if response.status in REFUSED:
            reader = request.get(READER)
            who = None if reader is None else reader.name
            self._refusals.note(request.remote or "?", response.status, who)
        else:
            self._refusals.tell_due()
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return refused(421, "this Host is not served here: add it to admin.hosts")
        if not request.raw_path.startswith("/"):
            return refused(400, "ask by path")
        if request.method not in _READING and not self._is_from_our_site(request):
            return refused(403, "a page of another origin may not do this")
        if request.path in self._open_paths or request.path.startswith(self._open_below):
            return None
        return self._known(request)

    def _known(self, request: web.Request) -> web.Response | None:
        presented = request.headers.getall("Authorization", [])
        scheme, _, secret = presented[0].partition(" ") if len(presented) == 1 else ("", "", "")
        try:
            is_bearer = scheme.lower() == "bearer"
            reader = self._tokens.reader(secret.strip()) if is_bearer else None
        except TokenRefused as error:
            _log.error("the admin listener knows nobody: %s", error)
            return refused(503, "the token file cannot be used: the recorder's log says why")
        if reader is None:
            response = refused(401, "give a token: Authorization: Bearer ixp_...")
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        request[READER] = reader
        return None

    def _is_from_our_site(self, request: web.Request) -> bool:
        if request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
            return False
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        scheme, _, host = origin.lower().partition("://")
        return scheme in {"http", "https"} and host in self._hosts


def needs(request: web.Request, right: Right) -> Reader:
    """Who asks, if that is allowed.

    Raises:
        web.HTTPForbidden: it is not.
    """
    reader = request[READER]
    if not reader.may(right):
        raise web.HTTPForbidden(reason=f"role {reader.role} may not: this needs `{right}`")
    return reader


def reason_of(request: web.Request) -> str:
    """Why content is to be opened, in the reader's words.

    Raises:
        web.HTTPBadRequest: none was given, or it cannot be kept in clear.
    """
    given = request.headers.get(REASON_HEADER, "")
    if given.startswith(_CODED):
        given = unquote(given.removeprefix(_CODED), errors="replace")
    told = " ".join(given.split())
    if not REASON_LEAST <= len(told) <= REASON_MOST or not told.isprintable():
        raise web.HTTPBadRequest(
            reason=f"content needs a reason: {REASON_HEADER}, {REASON_LEAST} to {REASON_MOST} characters"
        )
    if is_like_credential(told):
        raise web.HTTPBadRequest(reason="the reason looks like a key; it is kept in clear")
    return told


def refused(status: int, why: str) -> web.Response:
    """{"error": why}."""
    body = json.dumps({"error": why[:_MESSAGE_MAX]})
    return web.Response(status=status, text=body, content_type="application/json")


def hosts_of(address: str, port: int, named: Iterable[str]) -> list[str]:
    """What Host may say: this machine's names for itself, the address bound, and what was added."""
    bound = f"[{address}]" if ":" in address else address
    own = [f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]", bound)]
    for each in named:
        name = each.strip()
        if name:
            own.extend((name, f"{name}:{port}"))
    return own
