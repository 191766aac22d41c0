"""`cost --reprice`: an act that brings a price book; the recorder then prices what it has by that book, too."""

from __future__ import annotations

import getpass
import http.client
from pathlib import Path
from typing import Final

import orjson

from proxy.errors import StoreError
from proxy.reading.layout import terminal
from proxy.reading.watching.calling import RecorderConnection
from proxy.recording.secrecy.names import ODD, clear_name
from proxy.store.pricing.books import price_book, price_book_bytes

DONE: Final = 0
NOBODY: Final = "unknown"
"""Who decided, where the system has no name that may stand in clear."""


def run(data_folder: Path, book: str | Path | None = None) -> int:
    """Let the recorder price all that was seen until now by a book: a version or file; None: the newest.

    The costs by earlier books stay: the view cost_lines_of_all_books has both.

    Raises:
        StartRefused: there is no such book, or it is not one.
        StoreError: no recorder runs here, or it refused.
    """
    version = price_book(book).version
    act = {
        "kind": "price_book",
        "detail": f"what was recorded until now is priced by the book {version}, too",
        "actor": _actor(),
        "data": {"book": orjson.loads(price_book_bytes(book))},
    }
    _tell(data_folder / "run" / "recorder.sock", orjson.dumps({"acts": [act]}))
    terminal.console().print(
        f"the recorder prices what it has by the book {version}; the costs by earlier books stay"
    )
    return DONE


def _tell(address: Path, body: bytes) -> None:
    connection = RecorderConnection(address)
    try:
        connection.request("POST", "/acts", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = answer.read()
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise StoreError(
            "no recorder runs on this folder: pricing again is an act that it keeps, so run "
            "`interactions-proxy serve`"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(f"the recorder at {address} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        shown = terminal.one_line(told[:300].decode("utf-8", "replace"))
        raise StoreError(f"the recorder took no price book (status {answer.status}): {shown}")


def _actor() -> str:
    try:
        name = clear_name(getpass.getuser())
    except (KeyError, OSError):  # a user id without a name, as in containers
        return NOBODY
    return NOBODY if name == ODD else name
