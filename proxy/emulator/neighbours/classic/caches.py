"""Cached contents: a prompt's beginning that is kept for a time and billed less.

Source: the protocol reference, section 16.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.classic.models import known
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, said

LIFE_S: Final = 3600
"""How long a cache lives that nobody gave a time."""

_TTL: Final = re.compile(r"(\d{1,9})(?:\.\d{1,9})?s")


class Caches:
    """Cached contents by id: what they are, never what is in them. Mutable."""

    def __init__(self, count: Callable[[Json], int]) -> None:
        """`count` gives the tokens of a request's contents."""
        self._count = count
        self._caches: Shelf[Json] = Shelf("caches", "CachedContent")

    def answer(self, visit: Visit) -> Reply:
        """Answer create, list, get, update and delete.

        Raises:
            Refusal: 404 for an unknown or expired cache or an unknown model, 400 for a time that is none.
        """
        identity = visit.route.identity
        match visit.verb:
            case "create":
                return said(self._create(visit))
            case "list":
                caches, token = self._caches.page(visit)
                return listed("cachedContents", caches, token, visit)
            case "get":
                return said(self._caches.get(identity, visit.now_s))
            case "update":
                return said(self._update(visit))
        self._caches.take(identity, visit.now_s)
        return EMPTY

    def tokens(self, name: str, now_s: int) -> int:
        """How many tokens a cache saves.

        Raises:
            Refusal: 404, it is unknown or expired.
        """
        cache = self._caches.get(name.rpartition("/")[2], now_s)
        return int(cache["usageMetadata"]["totalTokenCount"])

    def _create(self, visit: Visit) -> Json:
        body = visit.parsed()
        visit.needed(body, "model")
        known(visit, str(body["model"]))
        expires_s = _expiry_s(visit, body) or visit.now_s + LIFE_S
        identity, at = visit.new_id(), timestamp(visit.now_s)
        start = f"{visit.route.project}/" if visit.route.project else ""
        cache: Json = {
            "name": f"{start}cachedContents/{identity}",
            "model": body["model"],
            **({"displayName": body["displayName"]} if "displayName" in body else {}),
            "createTime": at,
            "updateTime": at,
            "expireTime": timestamp(expires_s),
            "usageMetadata": {"totalTokenCount": self._count(body)},
        }
        self._caches.put(identity, cache, expires_s)
        return cache

    def _update(self, visit: Visit) -> Json:
        identity = visit.route.identity
        old = self._caches.get(identity, visit.now_s)
        expires_s = _expiry_s(visit, visit.parsed())
        if expires_s is None:
            raise visit.refusal(
                400, "Only the end of a cache can be changed: give ttl or expireTime."
            )
        at, end = timestamp(visit.now_s), timestamp(expires_s)
        new = old | {"updateTime": at, "expireTime": end}
        self._caches.change(identity, new)
        self._caches.extend(identity, expires_s)
        return new


def _expiry_s(visit: Visit, body: Json) -> int | None:
    """When the request wants the cache to end; None if it does not say."""
    try:
        if body.get("ttl") is not None:
            seconds = _TTL.fullmatch(str(body["ttl"]))
            return visit.now_s + int(seconds[1]) if seconds else _refuse(visit)
        if body.get("expireTime") is not None:
            return int(datetime.fromisoformat(str(body["expireTime"])).timestamp())
    except (ValueError, OverflowError):
        return _refuse(visit)
    return None


def _refuse(visit: Visit) -> int:
    refusal: Refusal = visit.refusal(
        400, 'A time to live reads "60s", an end "2026-11-22T10:00:00Z".'
    )
    raise refusal
