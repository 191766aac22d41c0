"""The door, with real processes and Google's own SDK: what is refused never reaches upstream, and says why."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from google import genai

from proxy.recording.decision import Decision
from tests.end_to_end.programs import children, look_until
from tests.end_to_end.stage import Stage

MODEL: Final = "gemini-3-flash-preview"
STRICT: Final = "gemini-2.5-pro"
QUIET: Final = "gemini-2.5-flash"
ANN: Final = "a-made-up-key-of-ann-0123456789"
BOB: Final = "a-made-up-key-of-bob-0123456789"
DEADLINE_MS: Final = 2000
"""The usual 50 are too few while other tests run beside; one test waits for it."""
RULES: Final = f"""
[holds]
refuse_client_deletes = true
[binding]
enabled = true
[[storage]]
name = "no-storage"
models = ["{STRICT}"]
require_store_false = true
[[storage]]
name = "quiet"
models = ["{QUIET}"]
require_store_false = true
do = "rewrite"
"""


@dataclass
class Guarded:
    """A stage whose proxy has a door."""

    stage: Stage
    rules: Path
    client: Any

    def sdk(self) -> Any:
        """Google's own, with the key of one person."""
        return self.client.interactions

    def raw(self, method: str, path: str, key: str, body: object = None) -> tuple[int, bytes]:
        """Status, and head and body as they came."""
        address = urlsplit(self.stage.proxy.url).netloc
        connection = http.client.HTTPConnection(address, timeout=60)
        headers = {"x-goog-api-key": key, "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        told = str(sorted(response.getheaders())).encode() + response.read()
        connection.close()
        return response.status, told

    def received(self) -> list[tuple[str, str]]:
        """What upstream was asked, so far."""
        return [(each["method"], each["target"]) for each in self.stage.emulator.ledger("received")]

    def doors(self) -> list[int]:
        return children(self.stage.proxy.program.pid, "proxy.door")

    def decisions(self) -> list[tuple[str, str, str]]:
        """Policy, decision and interaction of each act."""
        return self.stage.proxy.rows(
            "SELECT data ->> '$.policy', data ->> '$.decision', interaction FROM acts "
            "WHERE kind = 'policy' AND actor = 'policy' ORDER BY seen_at"
        )


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("door")
    rules = folder / "door.toml"
    rules.write_text(RULES)
    stage = Stage.set_up(folder / "s", door__policy_file=rules, door__deadline_ms=DEADLINE_MS)
    try:
        options: Any = {"base_url": stage.proxy.url}
        with genai.Client(api_key=ANN, http_options=options) as client:
            yield Guarded(stage, rules, client)
    finally:
        print(stage.logs())
        stage.stop()


def test_a_create_that_would_be_stored_is_refused_and_nothing_is_sent(guarded: Guarded) -> None:
    before = guarded.received()

    with pytest.raises(Exception, match='must say "store": false') as raised:
        guarded.sdk().create(model=STRICT, input="Why?")

    assert "no-storage" in str(raised.value)
    assert getattr(raised.value, "status_code", getattr(raised.value, "code", 0)) == 400
    assert guarded.received() == before
    assert guarded.sdk().create(model=STRICT, input="Why?", store=False).status == "completed"
    assert guarded.stage.proxy.rows(
        "SELECT outcome, status FROM exchanges INNER JOIN acts "
        "ON (acts.data ->> '$.exchange') = exchanges.exchange "
        "WHERE acts.kind = 'policy' AND (acts.data ->> '$.policy') = 'no-storage'"
    ) == [("refused", 400)]


def test_a_rewritten_create_arrives_with_store_false_and_both_bodies_are_kept(
    guarded: Guarded,
) -> None:
    told = guarded.sdk().create(model=QUIET, input="Why?")

    assert not getattr(told, "id", None), "what is not stored has no id"
    ((exchange, raw_ref, store),) = guarded.stage.proxy.rows(
        "SELECT exchange, raw_ref, store FROM exchanges INNER JOIN observations USING (exchange) "
        f"WHERE observations.model = '{QUIET}'"
    )
    assert store == "false", "facts go by what upstream was asked"
    vault = guarded.stage.proxy.vault()
    kept = vault.exchange(raw_ref)
    vault.close()
    decision = Decision.decode(kept.decision)
    assert "store" not in json.loads(kept.request.data)
    assert json.loads(decision.body or b"") == json.loads(kept.request.data) | {"store": False}
    assert len(decision.received) == len(decision.sent) == 64
    assert ("quiet", "rewrite", f"exchange:{exchange}") in guarded.decisions()


def test_another_ones_interaction_looks_like_none_at_all(guarded: Guarded) -> None:
    own = guarded.sdk().create(model=MODEL, input="Why?")
    path = "/v1beta/interactions/"
    before = guarded.received()

    foreign = guarded.raw("GET", path + own.id, BOB)
    random = guarded.raw("GET", path + own.id[:-4] + "AAAA", BOB)
    answers = [
        guarded.raw("DELETE", path + own.id, BOB),
        guarded.raw("POST", path + own.id + "/cancel", BOB),
        guarded.raw(
            "POST",
            "/v1beta/interactions",
            BOB,
            {"model": MODEL, "input": "?", "previous_interaction_id": own.id},
        ),
    ]

    assert foreign == random
    assert [status for status, _ in (foreign, *answers)] == [404] * 4
    assert guarded.received() == before
    assert guarded.sdk().get(own.id).status == "completed"
    behind = guarded.sdk().create(model=MODEL, input="And?", previous_interaction_id=own.id)
    assert behind.id


def test_the_maker_of_a_stream_is_known_from_its_first_event(guarded: Guarded) -> None:
    name = ""
    for event in guarded.sdk().create(model=MODEL, input="Why?", stream=True):
        told = getattr(event, "interaction", None)
        if told is not None and not name:
            name = told.id
            assert guarded.raw("GET", f"/v1beta/interactions/{name}", ANN)[0] == 200
            assert guarded.raw("GET", f"/v1beta/interactions/{name}", BOB)[0] == 404
    assert name


def test_a_held_interaction_is_not_deleted_until_it_is_released(guarded: Guarded) -> None:
    first = guarded.sdk().create(model=MODEL, input="Why?")
    second = guarded.sdk().create(model=MODEL, input="And?", previous_interaction_id=first.id)
    guarded.stage.proxy.flush()
    wish = {"id": second.id, "reason": "a claim", "actor": "ann"}
    hold = guarded.stage.proxy._ask("POST", "/hold", wish)["hold"]

    for held in (first.id, second.id):
        with pytest.raises(Exception, match="legal hold"):
            guarded.sdk().delete(held)
    assert not [one for one in guarded.received() if one[0] == "DELETE"]

    ended = {"hold": hold, "reason": "it is over", "actor": "ann"}
    guarded.stage.proxy._ask("POST", "/release", ended)
    guarded.sdk().delete(second.id)
    assert len([one for one in guarded.received() if one[0] == "DELETE"]) == 1


def test_nothing_hangs_on_to_what_is_being_deleted(guarded: Guarded) -> None:
    own = guarded.sdk().create(model=MODEL, input="Why?")
    data = {"event": "DeleteIntended", "state": "sending"}
    act = {"kind": "disposal", "actor": "steward", "detail": "a DELETE is about to be sent"}
    guarded.stage.proxy._ask(
        "POST", "/acts", {"acts": [act | {"interaction": own.id, "data": data}]}
    )
    asked = {"model": MODEL, "input": "And?", "previous_interaction_id": own.id}

    def refused() -> bytes | None:
        """The door looks once a second."""
        status, told = guarded.raw("POST", "/v1beta/interactions", ANN, asked)
        return told if status == 409 else None

    assert b"is being deleted" in look_until(refused, "a refusal")


def test_rules_are_read_again_and_wrong_ones_change_nothing(guarded: Guarded) -> None:
    wanted = {"model": "gemini-2.5-flash-lite", "input": "?", "background": True}

    def refused() -> bool | None:
        status, _ = guarded.raw("POST", "/v1beta/interactions", ANN, wanted)
        return True if status == 400 else None

    added = (
        '[[storage]]\nname = "later"\nmodels = ["gemini-2.5-flash-lite"]\nforbid_background = true'
    )
    for text in (RULES + added, "[["):
        guarded.rules.write_text(text)
        for door in guarded.doors():
            os.kill(door, signal.SIGHUP)
        assert look_until(refused, "the rule")
    guarded.rules.write_text(RULES)  # the next door could not start with the wrong ones


def test_without_its_door_nothing_passes_and_with_the_next_one_all_is_known(
    guarded: Guarded,
) -> None:
    own = guarded.sdk().create(model=MODEL, input="Why?")
    path = f"/v1beta/interactions/{own.id}"
    (door,) = guarded.doors()
    before = guarded.received()
    os.kill(door, signal.SIGSTOP)
    frozen, told = guarded.raw("GET", path, ANN)
    os.kill(door, signal.SIGKILL)

    assert frozen == 503
    assert b"the door did not answer in time" in told
    assert guarded.received() == before

    assert look_until(lambda: passes(guarded, path), "the next door")
    assert guarded.raw("GET", path, BOB)[0] == 404
    assert ("door", "refuse", own.id) in guarded.decisions()


def passes(guarded: Guarded, path: str) -> bool | None:
    return True if guarded.raw("GET", path, ANN)[0] == 200 else None
