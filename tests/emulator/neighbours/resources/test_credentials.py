"""Credentials are kept without what makes them secret."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from google.genai._interactions import APIStatusError

from tests.emulator.conftest import Running
from tests.emulator.neighbours.visits import Caller

SECRET = "hush-hush-hush"
TYPES: tuple[dict[str, Any], ...] = (
    {"type": "bearer_token", "token": SECRET},
    {"type": "environment_variable", "value": SECRET, "injection_location": "header"},
    {
        "type": "oauth2",
        "client_id": "me",
        "client_secret": SECRET,
        "refresh_token": SECRET,
        "token_url": "https://example.com/token",
    },
)


@pytest.mark.parametrize("given", TYPES, ids=[each["type"] for each in TYPES])
async def test_a_credential_is_made_changed_listed_and_deleted(
    sdk: Any, emulator: Running, given: dict[str, Any]
) -> None:
    made = await sdk.credentials.create(id="mine", **given)
    change = {name: value for name, value in given.items() if name in ("type", "token", "value")}
    changed = await sdk.credentials.update(id="mine", **change)
    listed = await sdk.credentials.list()
    found = await sdk.credentials.get(id="mine")
    await sdk.credentials.delete(id="mine")

    assert (made.id, made.type, made.status) == ("mine", given["type"], "active")
    assert changed.update_time >= made.update_time
    assert listed.credentials == [changed] == [found]
    assert SECRET not in f"{made}{changed}{listed}"
    assert SECRET not in orjson.dumps(emulator.ledger.lines).decode()
    with pytest.raises(APIStatusError):
        await sdk.credentials.get(id="mine")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "a", "type": "api_key"}, 400),
        ({"id": "a", "type": "bearer_token"}, 400),
        ({"type": "bearer_token", "token": SECRET}, 400),
        ({"id": "mine", **TYPES[0]}, 409),
    ],
)
def test_what_cannot_be_a_credential_is_refused(
    call: Caller, body: dict[str, Any], status: int
) -> None:
    call("POST", "/v1/credentials", {"id": "mine", **TYPES[0]})

    refusal = call.refused("POST", "/v1/credentials", body)

    assert refusal.status == status
    assert SECRET not in refusal.message


def test_a_credential_keeps_its_type(call: Caller) -> None:
    call("POST", "/v1/credentials", {"id": "mine", **TYPES[0]})

    assert call.refused("PATCH", "/v1/credentials/mine", TYPES[1]).status == 400
