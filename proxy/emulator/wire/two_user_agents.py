"""Makes aiohttp accept two `User-Agent` lines, which the Python SDKs 1.55 to 2.8 send on every interaction.

aiohttp refuses a repeated single-value header before any handler runs, and its C parser's list of them
cannot be changed. So the list loses `user-agent` and the parser in pure Python takes over (about 20 µs
more a request). This uses module internals: the test of this module fails when they move, and
pyproject.toml keeps aiohttp below the next minor release. Source: the protocol reference, section 21.1.
"""

from __future__ import annotations

from aiohttp import http_parser, web_protocol

# One name in aiohttp, bound in two modules: the server looks it up in `web_protocol` for each connection.


def accept_two_user_agents() -> None:
    """Change aiohttp for this process, once; doing it again changes nothing."""
    http_parser.SINGLETON_HEADERS -= {"user-agent"}  # type: ignore[misc]
    web_protocol.HttpRequestParser = http_parser.HttpRequestParserPy  # type: ignore[attr-defined]
