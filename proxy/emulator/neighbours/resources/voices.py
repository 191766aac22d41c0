"""Voices: those that come with the service, and those that callers made. Stored ones expire after a year unused.

Source: the protocol reference, section 16.1, and the SDK's types.
"""

from __future__ import annotations

from typing import Final

import orjson

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.answers.usage import text_tokens, usage
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, said

LIFE_S: Final = 365 * 24 * 3600
"""The SDK's types say: one year of inactivity. Asking for a voice counts as using it."""

PREBUILT: Final = (
    ("Zephyr", "female", "high", "bright"),
    ("Puck", "male", "medium", "upbeat"),
    ("Charon", "male", "low", "informative"),
    ("Kore", "female", "medium", "firm"),
    ("Fenrir", "male", "low", "excitable"),
    ("Leda", "female", "high", "youthful"),
    ("Orus", "male", "low", "firm"),
    ("Aoede", "female", "medium", "breezy"),
)
"""Name, gender, pitch and description of some of the service's voices."""

FILTERS: Final = (
    "accent",
    "gender",
    "language_code",
    "persona",
    "pitch",
    "region_code",
    "type",
)
"""Fields that a list can be narrowed by; a field asked for twice takes either."""

GIVEN: Final = (*FILTERS, "context", "description", "display_name", "model", "prompted")
"""What a created voice answers of what it was given. Recordings of a person are not among it."""


class Voices:
    """Voices by id. Mutable."""

    def __init__(self) -> None:
        self._voices: Shelf[Json] = Shelf("voices", "Voice")
        for name, gender, pitch, description in PREBUILT:
            self._voices.put(name, _prebuilt(name, gender, pitch, description))

    def answer(self, visit: Visit) -> Reply:
        """Answer create, list, get and delete.

        Raises:
            Refusal: 404 for an unknown voice, 400 for one that cannot be made or deleted.
        """
        identity = visit.route.identity
        match visit.verb:
            case "create":
                return said(self._create(visit))
            case "list":
                voices, token = self._voices.page(visit, only=lambda voice: _fits(voice, visit))
                return listed("voices", voices, token, visit)
            case "get":
                voice = self._voices.get(identity, visit.now_s)
                if voice["type"] != "prebuilt":
                    self._voices.extend(identity, visit.now_s + LIFE_S)
                return said(voice)
        if self._voices.get(identity, visit.now_s)["type"] == "prebuilt":
            message = f"Voice {identity} belongs to the service and stays."
            raise visit.refusal(400, message, "failed_precondition")
        self._voices.take(identity, visit.now_s)
        return EMPTY

    def _create(self, visit: Visit) -> Json:
        body = visit.parsed()
        given = body.get("voice")
        if not isinstance(given, dict) or given.get("type") not in ("prompted", "replicated"):
            raise visit.refusal(400, "The voice must be of type prompted or replicated.")
        visit.needed(given, given["type"])
        spoken = text_tokens(orjson.dumps(given[given["type"]]).decode())
        voice: Json = {name: given[name] for name in GIVEN if name in given}
        counted = usage(
            new_input={"text": spoken}, history={}, output={}, thought=0, tool_use={}, grounding={}
        )
        if body.get("store") is False:
            return voice | {"key": visit.chance.data(48).hex(), "usage": counted}
        identity, expires_s = visit.new_id("voice_"), visit.now_s + LIFE_S
        voice |= {"id": identity, "expire_time": timestamp(expires_s)}
        self._voices.put(identity, voice, expires_s)
        return voice | {"usage": counted}


def _prebuilt(name: str, gender: str, pitch: str, description: str) -> Json:
    return {
        "id": name,
        "type": "prebuilt",
        "display_name": name,
        "gender": gender,
        "pitch": pitch,
        "description": description,
        "language_code": "en-US",
        "region_code": "US",
    }


def _fits(voice: Json, visit: Visit) -> bool:
    """Whether a voice is what the query narrows the list to. A language without a region takes all regions."""
    for field in FILTERS:
        wanted = visit.query.getall(field, [])
        has = str(voice.get(field, ""))
        if wanted and not any(has == word or has.startswith(f"{word}-") for word in wanted):
            return False
    search = visit.query.get("search", "").lower()
    return search in f"{voice.get('display_name', '')} {voice.get('description', '')}".lower()
