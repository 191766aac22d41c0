"""aiohttp is changed where we believe it is; when its internals move, this fails first."""

from __future__ import annotations

from aiohttp import http_parser, web_protocol

from proxy.emulator.wire.two_user_agents import accept_two_user_agents


def test_the_names_we_replace_are_the_ones_aiohttp_uses() -> None:
    assert "host" in http_parser.SINGLETON_HEADERS
    assert "HttpRequestParser" in web_protocol.RequestHandler.__init__.__code__.co_names
    assert "SINGLETON_HEADERS" in http_parser.HeadersParser.parse_headers.__code__.co_names


def test_two_user_agents_are_allowed_and_two_hosts_are_not() -> None:
    accept_two_user_agents()
    accept_two_user_agents()

    assert "user-agent" not in http_parser.SINGLETON_HEADERS
    assert "host" in http_parser.SINGLETON_HEADERS
    assert vars(web_protocol)["HttpRequestParser"] is http_parser.HttpRequestParserPy
