"""Planted words: how they are sent, and how every byte that was written is searched for them."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

from tests.end_to_end.scraping import OPENMETRICS, scrape
from tests.end_to_end.stage import TABLES, Proxy

ANSWER_WITHIN_S: Final = 30.0
READ_BYTES: Final = 65536
PAGE_BYTES: Final = 65536
BLANK: Final = bytes(PAGE_BYTES)


def forms(word: str) -> list[bytes]:
    """The ways a word may be written down without being compressed or sealed; in lower case."""
    plain = word.encode()
    # Base64 looks different at each of the three places in a group; the ends hang on the neighbours.
    coded = [base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)]
    every = "".join(f"%{byte:02X}" for byte in plain).encode()
    utf16 = word.encode("utf-16-le")
    quoted = quote_from_bytes(plain, safe="").encode()
    safe = [form.translate(bytes.maketrans(b"+/", b"-_")) for form in coded]
    json_text = json.dumps(word)[1:-1].encode()
    escaped = json_text.replace(b"/", b"\\/")
    unicode = "".join(f"\\u{ord(letter):04x}" for letter in word).encode()
    as_json = (json_text, escaped, unicode)
    every_form = (plain, quoted, every, plain.hex().encode(), utf16, *coded, *safe, *as_json)
    return list(dict.fromkeys(form.lower() for form in every_form))


def found_in(texts: Iterable[tuple[str, bytes]], words: Iterable[str]) -> list[str]:
    """Where any form of any word stands: "place: word". Letter case does not matter."""
    sought = [(word, form) for word in words for form in forms(word)]
    found = []
    for place, text in texts:
        lowered = text.lower()
        found += [f"{place}: {word} as {form!r}" for word, form in sought if form in lowered]
    return found


def files(*folders: Path) -> Iterable[tuple[str, bytes]]:
    """Every file below, with its bytes as they lie there now, and its name."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield str(path), without_blanks(path.read_bytes()) + str(path).encode()


def without_blanks(data: bytes) -> bytes:
    """Long runs of zeros made short: the reserve and fresh segments are hundreds of MB of nothing to search."""
    pages = (data[at : at + PAGE_BYTES] for at in range(0, len(data), PAGE_BYTES))
    return b"".join(page if page != BLANK[: len(page)] else BLANK[:64] for page in pages)


def shown(proxy: Proxy) -> Iterable[tuple[str, bytes]]:
    """Every cell of every table and view, every metric, and what the recorder says of itself."""
    yield "status", json.dumps(proxy.status()).encode()
    yield "metrics", scrape(proxy).encode()
    yield "metrics with exemplars", scrape(proxy, OPENMETRICS).encode()
    views = proxy.rows("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal")
    names = (*TABLES, *(f'{schema}"."{view}' for schema, view in views))
    for name, rows in zip(names, proxy.answers(*(f'FROM "{each}"' for each in names)), strict=True):
        yield name, "\n".join(map(repr, rows)).encode()


def send(proxy: Proxy, request: bytes, *, is_whole: bool = True) -> bytes:
    """Send bytes as they are; what came back until the end. is_whole False: leave in the middle."""
    with socket.create_connection(proxy.address, timeout=ANSWER_WITHIN_S) as connection:
        connection.sendall(request)
        received = b""
        while is_whole and (data := connection.recv(READ_BYTES)):
            received += data
    return received


def lines(start: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as bytes, without any check. Asks for the connection to be closed after it."""
    given = (start, "Host: stage", "Connection: close", *headers)
    if body:
        given += (f"Content-Length: {len(body)}",)
    return "\r\n".join((*given, "", "")).encode("utf-8") + body
