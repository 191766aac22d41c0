"""Calls to a room of the neighbours without a server, at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from multidict import MultiDict

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.routes import route
from proxy.emulator.neighbours.visit import Reply, Visit

NOW_S = 1_795_600_800
"""2026-11-25T10:00:00Z."""


def nobody(_: Visit) -> Reply:
    """Answers what is only made to be looked at."""
    raise AssertionError("this call is not to be answered")


class Caller:
    """Calls one room; every call has chances of its own. `now_s` may be moved."""

    def __init__(self, answer: Callable[[Visit], Reply] = nobody) -> None:
        self._answer = answer
        self._calls = 0
        self.now_s = NOW_S

    def visit(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Visit:
        """The call as the desk would be handed it; a body that is not bytes goes as JSON."""
        self._calls += 1
        path, _, query = target.partition("?")
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        return Visit(
            route=route(method, path),
            query=MultiDict([(name, value) for name, _, value in pairs]),
            headers=headers or {},
            origin="http://here",
            body=body if isinstance(body, bytes) else orjson.dumps(body) if body else b"",
            chance=Chance(7, self._calls),
            now_s=self.now_s,
        )

    def reply(self, method: str, target: str, *given: Any, **more: Any) -> Reply:
        return self._answer(self.visit(method, target, *given, **more))

    def __call__(self, method: str, target: str, *given: Any, **more: Any) -> Any:
        """What the answer's JSON says."""
        return orjson.loads(self.reply(method, target, *given, **more).body)

    def refused(self, method: str, target: str, *given: Any, **more: Any) -> Refusal:
        """The refusal that this call must meet."""
        with pytest.raises(Refusal) as refused:
            self.reply(method, target, *given, **more)
        return refused.value
