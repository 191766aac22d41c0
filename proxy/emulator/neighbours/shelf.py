"""What callers created: found again by name, listed in pages, gone when deleted or expired."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.neighbours.visit import Reply, Visit, said, shape_of

T = TypeVar("T")

RESOURCES_MAX: Final = 10_000
"""Resources of one noun that are remembered; the oldest go first."""

PAGE_USUAL: Final = 50
PAGE_MAX: Final = 1000
"""Sizes of a page nobody asked for, and the largest one: what the service documents for models."""


@dataclass(slots=True)
class _Entry(Generic[T]):
    place: int
    value: T
    expires_s: int | None


class Shelf(Generic[T]):
    """Resources of one noun, oldest first. Mutable; whoever reads says what time it is."""

    def __init__(self, noun: str, word: str, limit: int = RESOURCES_MAX) -> None:
        """`noun` as routes name it, `word` as refusals do."""
        self._shape = shape_of(noun)
        self._word = word
        self._limit = limit
        self._entries: dict[str, _Entry[T]] = {}
        self._places = 0

    def put(self, key: str, value: T, expires_s: int | None = None) -> None:
        """Keep a value that is new, or new again: the last of every list."""
        self._entries.pop(key, None)
        while len(self._entries) >= self._limit:
            del self._entries[next(iter(self._entries))]
        self._places += 1
        self._entries[key] = _Entry(self._places, value, expires_s)

    def change(self, key: str, value: T) -> None:
        """Replace a value that is there; its place in lists and its end stay."""
        self._entries[key].value = value

    def extend(self, key: str, expires_s: int | None) -> None:
        """Give a value that is there another end."""
        self._entries[key].expires_s = expires_s

    def find(self, key: str, now_s: int) -> T | None:
        """The value, or None if it never was or is no more."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_s is not None and now_s >= entry.expires_s:
            del self._entries[key]
            return None
        return entry.value

    def get(self, key: str, now_s: int) -> T:
        """The value.

        Raises:
            Refusal: 404, there is none.
        """
        found = self.find(key, now_s)
        if found is None:
            raise Refusal(404, f"{self._word} {key} was not found.", shape=self._shape)
        return found

    def take(self, key: str, now_s: int) -> T:
        """The value, which is then gone.

        Raises:
            Refusal: 404, there is none.
        """
        found = self.get(key, now_s)
        del self._entries[key]
        return found

    def all(self, now_s: int) -> list[T]:
        """Everything that is there."""
        found = (self.find(key, now_s) for key in list(self._entries))
        return [value for value in found if value is not None]

    def page(
        self,
        visit: Visit,
        *,
        usual: int = PAGE_USUAL,
        only: Callable[[T], bool] = lambda _: True,
    ) -> tuple[list[T], str]:
        """The page the call asks for, and the token of the next one; no token after the last page.

        Raises:
            Refusal: 400, the size or the token cannot be meant.
        """
        size, after = page_size(visit, usual), _place(visit)
        keys = [key for key, entry in self._entries.items() if entry.place > after]
        found: list[_Entry[T]] = []
        for key in keys:
            value = self.find(key, visit.now_s)
            if value is None or not only(value):
                continue
            if len(found) == size:
                return [entry.value for entry in found], _token(found[-1].place)
            found.append(self._entries[key])
        return [entry.value for entry in found], ""


def listed(field: str, items: list[dict[str, object]], token: str, visit: Visit) -> Reply:
    """A page as the noun's family writes it; what is empty is left out."""
    next_name = "next_page_token" if visit.shape == "api" else "nextPageToken"
    answer: dict[str, object] = {field: items} if items else {}
    return said(answer | ({next_name: token} if token else {}))


def page_size(visit: Visit, usual: int = PAGE_USUAL) -> int:
    """How many entries the call wants.

    Raises:
        Refusal: 400, that is not a number, or below zero.
    """
    asked = visit.query.get("page_size", visit.query.get("pageSize", "0"))
    if not asked.isascii() or not asked.isdecimal():
        raise visit.refusal(400, f"The page size {asked!r} is not a number from 0.")
    return min(int(asked[:9]) or usual, PAGE_MAX)


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"after:{place}".encode()).decode().rstrip("=")


def _place(visit: Visit) -> int:
    token = visit.query.get("page_token", visit.query.get("pageToken", ""))
    if not token:
        return 0
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        return int(text.decode().removeprefix("after:"))
    except (binascii.Error, ValueError):
        raise visit.refusal(400, "The page token is not one of ours.") from None
