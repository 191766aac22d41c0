"""Google's own SDK must not notice the proxy, and SQL must know everything that it did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.sdk_play import KEY, SCRIPT, Outcome, play, play_async
from tests.end_to_end.stage import Emulator, Row, Stage

STILL_CLOCK: Final = ("--clock-start", "1790000000")
"""Times then follow from the requests, as everything else follows from the seed."""


@dataclass(frozen=True, slots=True)
class Played:
    """One play, done directly and done through the proxy; two emulators of one seed."""

    directly: list[Outcome]
    through: list[Outcome]
    direct_emulator: Emulator
    stage: Stage

    def rows(self, sql: str) -> list[Row]:
        return self.stage.proxy.rows(sql)

    def answered(self) -> list[dict[str, Any]]:
        return self.stage.emulator.ledger("answered")


def _play_async(url: str) -> list[Outcome]:
    return asyncio.run(play_async(url))


@pytest.fixture(scope="module", params=[play, _play_async], ids=["sync", "async"])
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    act: Callable[[str], list[Outcome]] = request.param
    folder: Path = tmp_path_factory.mktemp("sdk")
    (folder / "direct").mkdir()
    direct = Emulator(folder / "direct", *STILL_CLOCK)
    stage = Stage.set_up(folder / "through", *STILL_CLOCK)
    try:
        yield Played(act(direct.url), act(stage.proxy.url), direct, stage)
    finally:
        print(stage.logs())
        stage.stop()
        direct.stop()


@pytest.mark.parametrize("name", [call[0] for call in SCRIPT])
def test_a_call_through_the_proxy_returns_what_the_direct_call_returns(
    played: Played, name: str
) -> None:
    directly, through = dict(played.directly)[name], dict(played.through)[name]

    assert through == directly


def test_upstream_receives_the_same_requests_in_the_same_order(played: Played) -> None:
    def told(emulator: Emulator) -> list[dict[str, Any]]:
        lines = emulator.ledger("received")
        for line in lines:
            # Hop by hop: each connection has its own.
            line["header_names"] = [n for n in line["header_names"] if n.lower() != "connection"]
        return lines

    assert told(played.stage.emulator) == told(played.direct_emulator)


def test_every_request_is_one_exchange_with_its_sizes_status_and_end(played: Played) -> None:
    received = played.stage.emulator.ledger("received")
    expected = [
        (
            asked["method"],
            answer["operation"],
            answer["status"],
            asked["body_bytes"],
            answer["body_bytes"],
            answer["is_streaming"],
            "complete" if answer["finished"] else "upstream_aborted",
        )
        for asked, answer in zip(received, played.answered(), strict=True)
    ]

    recorded = played.rows(
        "SELECT method, operation, status, request_bytes, response_bytes, is_streaming, outcome"
        " FROM exchanges ORDER BY sequence"
    )

    assert recorded == expected


def test_every_event_of_every_stream_is_a_row(played: Played) -> None:
    expected = [line["events"] for line in played.answered()]

    recorded = played.rows(
        "SELECT count(events.exchange) FROM exchanges LEFT JOIN events"
        " ON events.exchange = exchanges.exchange AND event_type != 'done'"
        " GROUP BY exchanges.sequence ORDER BY exchanges.sequence"
    )

    assert [count for (count,) in recorded] == expected


def test_every_typed_step_is_a_row_in_its_order(played: Played) -> None:
    answers = {line["n"]: line for line in played.answered()}
    recorded: dict[int, list[str]] = {}
    for sequence, type_ in played.rows(
        "SELECT sequence, type FROM steps JOIN exchanges USING (exchange)"
        " WHERE side = 'output' ORDER BY sequence, step_index"
    ):
        recorded.setdefault(sequence, []).append(type_)

    for number, line in answers.items():
        if line["finished"] and line["interaction_status"] != "cancelled" and not _is_odd(line):
            assert recorded.get(number, []) == line["step_types"], line
        else:  # the answer as composed; broken off, it shows fewer
            assert line["step_types"][: len(recorded.get(number, []))] == recorded.get(number, [])


def test_every_interaction_is_known_by_its_id_state_and_usage(played: Played) -> None:
    last = {line["interaction_id"]: line for line in played.answered() if line["interaction_id"]}
    expected = {
        id_: (line["interaction_status"], line["usage"].get("total_tokens"))
        for id_, line in last.items()
        if not _is_odd(line)
    }

    recorded = {
        id_: (status, tokens)
        for id_, status, tokens in played.rows(
            "SELECT interaction_id, status, total_tokens FROM interactions"
            " WHERE interaction_id IS NOT NULL"
        )
    }

    assert recorded.keys() == last.keys()
    assert {id_: recorded[id_] for id_ in expected} == expected


def test_a_stream_that_was_cut_has_no_end(played: Played) -> None:
    (cut,) = (line for line in played.answered() if str(line["name"]).startswith("fault:cut"))

    recorded = played.rows(
        "SELECT status, is_terminal FROM interactions"
        f" WHERE interaction_id = '{cut['interaction_id']}'"
    )

    assert recorded == [("in_progress", False)]


def test_what_google_does_not_keep_is_known_by_its_exchange(played: Played) -> None:
    recorded = played.rows(
        "SELECT interaction = 'exchange:' || create_exchange, status, store, is_streaming"
        " FROM interactions WHERE store = 'false' ORDER BY is_streaming"
    )

    assert recorded == [(True, "completed", "false", False), (True, "completed", "false", True)]


def test_what_was_deleted_stays_known_and_says_so(played: Played) -> None:
    deleted = dict(played.through)["plain"]["id"]

    recorded = played.rows(
        "SELECT interaction, deleted_at IS NOT NULL, status FROM interactions"
        " WHERE deleted_at IS NOT NULL"
    )

    assert recorded == [(deleted, True, "completed")]


def test_turns_of_one_conversation_are_found_together(played: Played) -> None:
    outcomes = dict(played.through)
    first, second = outcomes["asked"]["id"], outcomes["told"]["id"]

    recorded = played.rows(
        f"SELECT list(interaction ORDER BY created_at) FROM interactions WHERE root_hash ="
        f" (SELECT root_hash FROM interactions WHERE interaction = '{second}')"
    )

    assert recorded == [([first, second],)]


def test_a_streamed_answer_can_be_read_back_word_by_word(played: Played) -> None:
    """The last event of a stream carries no steps: the recorder has put them together."""
    events = dict(played.through)["streamed"]
    said = "".join(
        event["delta"].get("text") or ""
        for event in events
        if event["event_type"] == "step.delta" and event["delta"]["type"] == "text"
    )
    ((ref,),) = played.rows(
        "SELECT content_ref FROM timeline JOIN interactions USING (interaction)"
        f" WHERE interaction = '{events[0]['interaction']['id']}' AND type = 'model_output'"
    )

    step = json.loads(played.stage.proxy.vault().content(ref))

    assert step["content"][0]["text"] == said
    assert said


def test_the_key_of_the_play_is_known_only_as_one_fingerprint(played: Played) -> None:
    recorded = played.rows("SELECT DISTINCT client, credential_kind FROM exchanges")

    ((fingerprint, kind),) = recorded
    assert (len(fingerprint), kind) == (16, "api_key")
    assert KEY not in fingerprint


def _is_odd(line: dict[str, Any]) -> bool:
    """Asked to go wrong in the middle."""
    return str(line["name"]).startswith(("fault:cut_stream", "fault:error_event"))
