"""Credentials that agents use: their secret values are checked for and thrown away, never kept or answered.

Source: the protocol reference, sections 16.1 and 20.
"""

from __future__ import annotations

from typing import Final

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, said

NEEDED: Final = {
    "bearer_token": ("token",),
    "oauth2": ("client_id", "client_secret", "refresh_token", "token_url"),
    "environment_variable": ("value", "injection_location"),
}
"""What each type of credential cannot do without."""


class Credentials:
    """Credentials by id, without what makes them secret. Mutable."""

    def __init__(self) -> None:
        self._credentials: Shelf[Json] = Shelf("credentials", "Credential")

    def answer(self, visit: Visit) -> Reply:
        """Answer create, list, get, update and delete.

        Raises:
            Refusal: 404 for an unknown credential, 400 or 409 for one that cannot be made.
        """
        identity = visit.route.identity
        match visit.verb:
            case "create":
                return said(self._create(visit))
            case "list":
                credentials, token = self._credentials.page(visit)
                return listed("credentials", credentials, token, visit)
            case "get":
                return said(self._credentials.get(identity, visit.now_s))
            case "update":
                return said(self._update(visit))
        self._credentials.take(identity, visit.now_s)
        return EMPTY

    def _create(self, visit: Visit) -> Json:
        body = visit.parsed()
        kind = _kind(visit, body)
        visit.needed(body, "id", *NEEDED[kind])
        identity = str(body["id"])
        if self._credentials.find(identity, visit.now_s) is not None:
            raise visit.refusal(409, f"Credential {identity} already exists.", "already_exists")
        at = timestamp(visit.now_s)
        credential: Json = {
            "id": identity,
            "type": kind,
            "status": "active",
            "create_time": at,
            "update_time": at,
        }
        self._credentials.put(identity, credential)
        return credential

    def _update(self, visit: Visit) -> Json:
        old = self._credentials.get(visit.route.identity, visit.now_s)
        kind = _kind(visit, visit.parsed())
        if kind != old["type"]:
            raise visit.refusal(400, f"A credential of type {old['type']!r} stays one.")
        new = old | {"update_time": timestamp(visit.now_s)}
        self._credentials.change(visit.route.identity, new)
        return new


def _kind(visit: Visit, body: Json) -> str:
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in NEEDED:
        raise visit.refusal(400, f"The type must be one of {', '.join(NEEDED)}.")
    return kind
