"""What clients ask of several proxies at once."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from tests.outside.fleet.stage import Member

PAUSE_S: Final = 0.3
"""Between two questions of one client."""


@contextmanager
def clients(members: list[Member]) -> Iterator[None]:
    """One for each proxy, who asks all the time. What had no answer may have been recorded or not."""
    is_over = threading.Event()
    with ThreadPoolExecutor(len(members)) as pool:
        asking = [pool.submit(_ask_on, member, is_over) for member in members]
        try:
            yield
        finally:
            is_over.set()
    for each in asking:
        each.result()


def _ask_on(member: Member, is_over: threading.Event) -> None:
    number = 0
    while not is_over.wait(PAUSE_S):
        number += 1
        with contextlib.suppress(OSError, http.client.HTTPException):  # it is being killed
            member.create(f"question {number} to {member.name}, come what may")


def conversation(members: list[Member]) -> None:
    """A conversation through several proxies: turns, tools, streams, polls, a deletion, an error."""
    turn = None
    for member in members * 2:
        more: dict[str, Any] = {} if turn is None else {"previous_interaction_id": turn}
        turn = member.create("and now?", tools=[{"type": "google_search"}], **more)
    for member in members:
        member.send("GET", f"/v1beta/interactions/{turn}")
        gone = member.create("delete this")
        member.send("DELETE", f"/v1beta/interactions/{gone}")
        body = {"model": "gemini-3-flash-preview", "input": "keep nothing", "store": False}
        member.send("POST", "/v1beta/interactions", body)


def seen_by_both(first: Member, last: Member, text: str) -> str:
    """An interaction created at one proxy and read through another."""
    name = first.create(f"{text}, {len(first.asked)}")  # digests are equal where texts are
    last.send("GET", f"/v1beta/interactions/{name}")
    for member in (first, last):
        member.proxy.flush()
    return name
