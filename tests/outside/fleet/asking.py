"""What clients ask of several proxies at once."""

from __future__ import annotations

from typing import Any

from tests.outside.fleet.stage import Member


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
