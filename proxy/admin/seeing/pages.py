"""The console's page and files, which need no token: they hold nothing but themselves.

GET /                       to the console
GET /console/{anything}     the page; what it shows is told by the path, and asked for with a token
GET /console/a/{digest}/... its files, kept by browsers for ever
POST /v1/reports            what a browser refused to do for our Content-Security-Policy: counted
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from proxy.console.assets import BASE, FOREVER, Asset, Console, console

REPORTS: Final = "/v1/reports"
REPORTS_COUNTED_MAX: Final = 1_000_000
"""The count stops there: anybody who reaches the listener may send one."""
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        f"report-uri {REPORTS}",
    )
)
"""Nothing from anywhere else, no inline code, and no way to make code out of text. report-uri, not report-to: where
both stand, Chromium takes the second, and sends it late or, to a plain http address, never."""
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: a browser would send its reports with `Origin: null`, as if from a page of somebody else.
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}


class Pages:
    """The handlers."""

    OPEN: Final = ("/", BASE, REPORTS)
    """Paths that need no token."""

    def __init__(self, shown: Console | None = None) -> None:
        self._console = shown or console()
        self.report_count = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.begin),
            web.get(BASE + "a/{digest}/{name:.+}", self.file),
            web.get(BASE + "{path:.*}", self.page),
            web.post(REPORTS, self.report),
        ]

    async def begin(self, _request: web.Request) -> web.Response:
        """To the console."""
        return web.Response(status=302, headers={"Location": BASE})

    async def page(self, request: web.Request) -> web.Response:
        """The one page, whatever is to be shown."""
        return _answered(request, self._console.page, "no-cache")

    async def file(self, request: web.Request) -> web.Response:
        """A file of this release; of another one there is none."""
        asset = self._console.files.get(request.match_info["name"])
        if asset is None or request.match_info["digest"] != self._console.digest:
            raise web.HTTPNotFound(reason="this release of the console has no such file")
        return _answered(request, asset, FOREVER)

    async def report(self, _request: web.Request) -> web.Response:
        """Count it. What it says is not kept: it may quote what was shown."""
        self.report_count = min(self.report_count + 1, REPORTS_COUNTED_MAX)
        return web.Response(status=204)


def _answered(request: web.Request, asset: Asset, caching: str) -> web.Response:
    headers = _HEADERS | {"Cache-Control": caching, "ETag": f'"{asset.tag}"'}
    if f'"{asset.tag}"' in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    body = asset.plain
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = asset.packed
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers, content_type=asset.media_type, charset="utf-8")
