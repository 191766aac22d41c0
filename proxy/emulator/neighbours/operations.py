"""Long work of the classic methods: an operation is asked for by name until it says that it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.shelf import Shelf
from proxy.emulator.neighbours.visit import Visit

POLLS: Final = 2
"""The second question finds an operation done; the first still under way."""

Finish = Callable[[Visit], Json]
"""Does the work when it is due; gives the `response`."""


@dataclass(slots=True)
class _Operation:
    shown: Json
    finish: Finish
    polls: int = 0


class Operations:
    """Operations by whole name. Mutable."""

    def __init__(self) -> None:
        self._operations: Shelf[_Operation] = Shelf("operations", "Operation")

    def start(self, name: str, finish: Finish, metadata: Json | None = None) -> Json:
        """A new operation, as its first answer shows it."""
        shown: Json = {"name": name} | ({"metadata": metadata} if metadata else {})
        self._operations.put(name, _Operation(shown, finish))
        return shown

    def poll(self, visit: Visit, name: str) -> Json:
        """The operation now; each question moves it on.

        Raises:
            Refusal: 404, there is none of this name.
        """
        operation = self._operations.get(name, visit.now_s)
        if "done" in operation.shown:
            return operation.shown
        operation.polls += 1
        if operation.polls >= POLLS:
            operation.shown |= {"done": True, "response": operation.finish(visit)}
        return operation.shown
