"""Voices by Google's own SDK: the service's, narrowed down, and those that callers make."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai._interactions import APIStatusError

from proxy.emulator.neighbours.resources.voices import LIFE_S, PREBUILT
from tests.emulator.neighbours.visits import Caller

PROMPTED = {"type": "prompted", "prompted": {"input": "Deep and slow."}, "display_name": "Bear"}


async def test_voices_are_narrowed_by_what_they_are(sdk: Any) -> None:
    everyone = await sdk.voices.list(language_code=["en"])
    low = await sdk.voices.list(gender=["male"], pitch=["low", "medium"], page_size=2)

    assert len(everyone.voices) == len(PREBUILT)
    assert [voice.pitch for voice in low.voices] == ["medium", "low"]
    assert low.next_page_token
    assert (await sdk.voices.list(language_code=["fr"])).voices is None
    assert [voice.id for voice in (await sdk.voices.list(search="breez")).voices] == ["Aoede"]


async def test_a_voice_is_made_found_and_deleted(sdk: Any) -> None:
    made = await sdk.voices.create(voice=PROMPTED)
    found = await sdk.voices.get(id=made.id)
    listed = await sdk.voices.list(type_=["prompted"])
    await sdk.voices.delete(id=made.id)

    assert (found.display_name, found.prompted.input) == ("Bear", "Deep and slow.")
    assert made.usage.total_tokens > 0
    assert [voice.id for voice in listed.voices] == [made.id]
    with pytest.raises(APIStatusError):
        await sdk.voices.get(id=made.id)


async def test_a_voice_that_is_not_stored_has_a_key_and_no_id(sdk: Any) -> None:
    made = await sdk.voices.create(voice=PROMPTED, store=False)

    assert made.id is None
    assert made.key


def test_a_voice_nobody_asks_for_expires_after_a_year(call: Caller) -> None:
    made = call("POST", "/v1/voices", {"voice": PROMPTED})
    call.now_s += LIFE_S - 1
    call("GET", f"/v1/voices/{made['id']}")
    call.now_s += LIFE_S - 1
    call("GET", f"/v1/voices/{made['id']}")
    call.now_s += LIFE_S

    assert call.refused("GET", f"/v1/voices/{made['id']}").status == 404


def test_a_recording_of_a_person_is_not_answered(call: Caller) -> None:
    audio = {"data": "aGVsbG8=", "mime_type": "audio/wav"}
    replicated = {"source_audio": audio, "consent_audio": audio}
    voice = {"type": "replicated", "replicated": replicated}

    assert "aGVsbG8" not in str(call("POST", "/v1/voices", {"voice": voice}))


def test_the_services_own_voices_stay(call: Caller) -> None:
    refusal = call.refused("DELETE", "/v1/voices/Kore")

    assert (refusal.status, refusal.code) == (400, "failed_precondition")


@pytest.mark.parametrize(
    "body", [{}, {"voice": {"type": "prebuilt"}}, {"voice": {"type": "prompted"}}]
)
def test_what_cannot_be_a_voice_is_refused(call: Caller, body: dict[str, Any]) -> None:
    assert call.refused("POST", "/v1/voices", body).status == 400
