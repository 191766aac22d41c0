"""One interaction out of many exchanges: a stream cut and resumed by two clients, retries, hops."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.stage import Row, Stage, ask

Json = dict[str, Any]

EVENTS: Final = 1000
OTHER_EVENTS: Final = 8
"""Of the emulator's answer, beside one for each letter of its text."""
MODEL: Final = "gemini-3-flash-preview"
ASKED: Final = {"model": MODEL, "input": "Tell me.", "background": True, "stream": True}
WISH: Final = f"size={EVENTS - OTHER_EVENTS}, piece=1"
FIRST, SECOND = "a-made-up-key-of-one-client", "a-made-up-key-of-another"
HOPS: Final = 3


@dataclass(frozen=True, slots=True)
class Played:
    """What happened on the stage."""

    data: Path
    interaction: str
    whole: Json
    """As GET shows it."""
    pieced: list[Row]
    """The timeline before anybody read the whole: type, and whether no exchange saw all of the step."""
    usage: list[Row]
    """The usage lines at that time."""

    def rows(self, sql: str) -> list[Row]:
        return ask(self.data / "facts.duckdb", sql)

    def shown(self, interaction: str) -> Json:
        """What `show --json` prints."""
        command = [sys.executable, "-m", "proxy", "show", interaction, "--json"]
        done = subprocess.run(
            [*command, "--data", str(self.data)], check=True, capture_output=True, timeout=120
        )
        found: Json = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    stage = Stage.set_up(tmp_path_factory.mktemp("one"))
    try:
        return play(stage)
    finally:
        stage.stop()


def play(stage: Stage) -> Played:
    told = call(stage, "POST", "/v1/interactions", ASKED, fault=f"{WISH}, cut_stream=300")
    interaction = str(events_in(told)[0]["interaction"]["id"])
    path = f"/v1/interactions/{interaction}"
    resumed = f"{path}?stream=true&last_event_id="
    fault = f"{WISH}, cut_stream=400"
    call(stage, "GET", f"{resumed}evt_000249", key=SECOND, fault=fault)
    call(stage, "GET", f"{resumed}evt_000599", key=FIRST, fault=WISH)
    stage.proxy.flush()
    pieced = stage.proxy.rows("SELECT type, is_partial FROM timeline ORDER BY place")
    usage = stage.proxy.rows("SELECT kind, modality, tokens FROM usage_lines")
    whole = json.loads(call(stage, "GET", path))

    busy = {"model": MODEL, "input": "Again and again."}
    call(stage, "POST", "/v1/interactions", busy, fault="status=429, retry_after=1, times=1")
    call(stage, "POST", "/v1/interactions", busy, fault="status=429, retry_after=1, times=1")
    call(stage, "POST", "/v1/interactions", {**busy, "input": "Lost."}, fault="vanish")
    decode(stage)
    return Played(stage.proxy.data, interaction, whole, pieced, usage)


def decode(stage: Stage) -> None:
    """A long answer, hop after hop as an SDK asks for them. Protocol reference, section 11."""
    asked: Json = {"model": f"fault:hops={HOPS}"}
    hop = json.loads(call(stage, "POST", "/v1/interactions", {**asked, "input": "A long one."}))
    while hop["status"] == "requires_continuation":
        more = {
            "previous_interaction_id": hop["id"],
            "continuation_token": hop["continuation_token"],
        }
        hop = json.loads(call(stage, "POST", "/v1/interactions", {**asked, **more}))


def call(
    stage: Stage,
    method: str,
    path: str,
    body: Json | None = None,
    *,
    key: str = FIRST,
    fault: str = "",
) -> bytes:
    """The body of an answer, as far as it comes."""
    connection = HTTPConnection(*stage.proxy.address, timeout=60)
    headers = {"x-goog-api-key": key, "content-type": "application/json"}
    headers |= {"x-emulator-fault": fault} if fault else {}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection.getresponse().read()
    except IncompleteRead as error:
        return error.partial
    except ConnectionError:
        return b""
    finally:
        connection.close()


def events_in(body: bytes) -> list[Json]:
    """The events of a stream, but for [DONE]."""
    blocks = [block.partition(b"data: ")[2] for block in body.split(b"\n\n")]
    return [json.loads(block) for block in blocks if block.startswith(b"{")]


def test_a_stream_cut_twice_and_resumed_by_two_clients_has_each_event_once(
    played: Played,
) -> None:
    rows = played.rows(
        "SELECT event_id, place, is_after_gap FROM interaction_events "
        f"WHERE interaction = '{played.interaction}' ORDER BY place"
    )

    assert rows == [(f"evt_{place:06d}", place + 1, False) for place in range(EVENTS)]


def test_its_three_deliveries_say_what_they_brought_to_whom(played: Played) -> None:
    rows = played.rows(
        "SELECT first_place, last_place, event_count, resumed_after, client, has_end "
        f"FROM deliveries WHERE interaction = '{played.interaction}' ORDER BY started_at"
    )

    first, second = rows[0][4], rows[1][4]
    assert first != second
    assert rows == [
        (1, 300, 300, None, first, False),
        (251, 650, 400, "evt_000249", second, False),
        (601, 1000, 400, "evt_000599", first, True),
    ]


def test_before_anybody_read_the_whole_each_step_stands_there_once(played: Played) -> None:
    assert played.pieced == [("user_input", False), ("thought", False), ("model_output", True)]


def test_its_usage_counts_once(played: Played) -> None:
    where = f"WHERE interaction = '{played.interaction}'"

    lines = played.rows(f"SELECT kind, modality, tokens FROM usage_lines {where}")
    totals = played.rows(f"SELECT total_tokens, output_step_count FROM interactions {where}")
    counted = played.rows(
        f"SELECT count(*), sum(total_tokens) FROM interactions WHERE model = '{MODEL}' "
        f"AND status = 'completed' AND interaction = '{played.interaction}'"
    )

    usage = played.whole["usage"]
    assert lines == played.usage == [("input", "text", usage["total_input_tokens"])]
    assert totals == [(usage["total_tokens"], len(played.whole["steps"]) - 1)]
    assert counted == [(1, usage["total_tokens"])]


def test_its_cost_counts_once(played: Played) -> None:
    """The resumed stream that reached the end and the GET behind it each brought the whole bill."""
    where = f"WHERE interaction = '{played.interaction}'"

    bills = played.rows(
        f"SELECT count(*), sum(amount_pico_usd)::BIGINT FROM costs {where} GROUP BY exchange"
    )
    lines = played.rows(
        f"SELECT sum(quantity), sum(amount_pico_usd)::BIGINT FROM cost_lines {where}"
    )
    costs = played.rows(
        f"SELECT is_complete, line_count, amount_pico_usd::BIGINT FROM costs_by_interaction {where}"
    )

    assert len(bills) == 2
    assert bills[0] == bills[1]
    ((count, amount),) = bills[:1]
    assert amount > 0
    assert lines == [(played.whole["usage"]["total_tokens"], amount)]
    assert costs == [(True, count, amount)]


def test_its_body_is_the_one_that_get_shows(played: Played) -> None:
    shown = played.shown(played.interaction)

    merged = shown["merged"]
    assert merged["body"] == played.whole
    assert (merged["event_count"], merged["is_whole"]) == (EVENTS, True)
    assert [share["new_count"] for share in merged["deliveries"]] == [300, 350, 350]
    assert (merged["differences"], shown["divergences"]) == ([], [])
    assert [step["type"] for step in shown["timeline"]] == [
        step["type"] for step in played.whole["steps"]
    ]


def test_a_request_that_was_sent_again_is_one_call(played: Played) -> None:
    rows = played.rows(
        "SELECT attempt, failed_status, status, waited_us >= 0 FROM retries ORDER BY attempt"
    )

    assert rows == [(2, 429, 200, True)]
    limits = played.rows("SELECT retry_after_s, retried_by IS NOT NULL FROM rate_limits")
    assert limits == [(1, True)]


def test_a_create_without_an_answer_may_be_an_orphan(played: Played) -> None:
    assert played.rows("SELECT reason, model FROM orphan_suspects") == [("no_answer", MODEL)]


def test_the_hops_of_a_long_answer_are_one_answer_and_each_is_billed(played: Played) -> None:
    hops = played.rows(
        "SELECT answer, hop, interaction, status, total_tokens FROM hops ORDER BY hop"
    )

    assert [row[1] for row in hops] == list(range(1, HOPS + 1))
    assert [row[3] for row in hops] == ["requires_continuation"] * (HOPS - 1) + ["completed"]
    answers = played.rows(
        "SELECT answer, last_interaction, total_tokens FROM answers WHERE hop_count > 1"
    )
    assert answers == [(hops[0][0], hops[-1][2], sum(row[4] for row in hops))]
