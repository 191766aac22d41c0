"""A conversation recorded through the proxy and exported is replayed: the agent sees the same answers."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from google import genai

from proxy.cli.app import main
from proxy.cli.verb import DONE
from tests.end_to_end.conftest import SetUp
from tests.end_to_end.sdk_play import AGENT, KEY, SCRIPT, play
from tests.end_to_end.stage import Emulator, Stage


@pytest.fixture
def cassette(set_up: SetUp) -> tuple[Stage, Path]:
    """A stage, and where its cassette is to lie."""
    stage = set_up("--clock-start", "1795600800", "--speed", "1000")
    return stage, stage.folder / "cassette.yaml"


def export(stage: Stage, file: Path) -> None:
    stage.proxy.flush()
    given = ["scenario", "export", "--all", "--data", str(stage.proxy.data), "--out", str(file)]
    assert main(given) == DONE


def test_every_act_of_a_play_is_the_same_again(cassette: tuple[Stage, Path]) -> None:
    stage, file = cassette
    recorded = play(stage.proxy.url)
    export(stage, file)

    emulator = Emulator(stage.folder / "again", "--scenario", str(file), seed=99)
    try:
        replayed = play(emulator.url)
    finally:
        emulator.stop()

    assert [name for name, _ in replayed] == [name for name, *_ in SCRIPT]
    assert dict(replayed) == dict(recorded)


def long_work(url: str, **broken: str) -> list[Any]:
    """Long decodes, and a research run whose stream breaks and is resumed. `broken`: headers for it."""
    seen: list[Any] = []
    with genai.Client(api_key=KEY, http_options={"base_url": url}) as client:
        talk: Any = client.interactions
        for more in ({}, {"store": False}):
            seen.append(talk.create(model="fault:hops=3", input="Write a lot.", **more))
            hops = talk.create(model="fault:hops=2", input="Write more.", stream=True, **more)
            seen += list(hops)
    options: Any = {"base_url": url, "headers": broken}
    research = {"agent": AGENT, "input": "Why?", "background": True, "stream": True}
    with genai.Client(api_key=KEY, http_options=options) as client:
        talk = client.interactions
        events: list[Any] = []
        try:
            for event in talk.create(**research):
                events.append(event)  # noqa: PERF402 - what came before the break counts
        except Exception as cut:  # noqa: BLE001 - whatever the SDK raises is the result
            seen.append(type(cut).__name__)
    with genai.Client(api_key=KEY, http_options={"base_url": url}) as client:
        talk = client.interactions
        known = {"id": events[0].interaction.id, "stream": True}
        events += list(talk.get(**known, last_event_id=events[-1].event_id))
        whole = talk.get(id=events[0].interaction.id, include_input=True)
    return [
        each if isinstance(each, str) else each.model_dump() for each in (*seen, *events, whole)
    ]


def test_long_work_is_the_same_again(cassette: tuple[Stage, Path]) -> None:
    stage, file = cassette
    recorded = long_work(stage.proxy.url, **{"x-emulator-fault": "cut_stream=5"})
    export(stage, file)

    emulator = Emulator(stage.folder / "again", "--scenario", str(file), seed=99)
    try:
        replayed = long_work(emulator.url)
    finally:
        emulator.stop()

    assert replayed == recorded


FAULTS = (
    "status=429, retry_after=7, code=quota_exceeded, message=Slow down.",
    "status=502",
    "status=400, shape=rpc",
    "cut_stream=3",
    "error_event=2, code=gateway_timeout",
    "end_stream=2",
    "framing=no_done",
    "ending=failed",
)
"""What goes wrong while it is recorded; the replay is not told."""


@pytest.mark.parametrize("is_streaming", [False, True], ids=["whole", "streamed"])
def test_what_went_wrong_goes_wrong_again_without_being_asked(
    cassette: tuple[Stage, Path], *, is_streaming: bool
) -> None:
    stage, file = cassette
    recorded = [asked(stage.proxy.url, fault, is_streaming=is_streaming) for fault in FAULTS]
    export(stage, file)

    emulator = Emulator(stage.folder / "again", "--scenario", str(file), seed=99)
    try:
        replayed = [
            asked(emulator.url, fault, is_told=False, is_streaming=is_streaming) for fault in FAULTS
        ]
    finally:
        emulator.stop()

    assert replayed == recorded


def asked(url: str, fault: str, *, is_told: bool = True, is_streaming: bool) -> Any:
    """What came of a create: status, the header that matters, body, and how it ended."""
    headers = {"x-goog-api-key": KEY, "Content-Type": "application/json"}
    if is_told:
        headers["x-emulator-fault"] = fault
    question = {"model": "gemini-3-flash-preview", "input": fault, "stream": is_streaming}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("POST", "/v1/interactions", json.dumps(question), headers)
    answer = connection.getresponse()
    try:
        body, is_whole = answer.read(), True
    except http.client.IncompleteRead as cut:
        body, is_whole = cut.partial, False
    finally:
        connection.close()
    kind = answer.headers.get_content_type()
    read = body if kind == "text/html" else [_read(line) for line in body.splitlines()]
    return answer.status, answer.headers["Retry-After"], kind, read, is_whole


def _read(line: bytes) -> Any:
    """A line of a stream or a JSON body; two writers of JSON need not agree on its bytes."""
    start, _, rest = line.rpartition(b"data: ")
    return (start, json.loads(rest)) if rest.startswith(b"{") else line


def test_a_cassette_holds_no_credential(cassette: tuple[Stage, Path]) -> None:
    stage, file = cassette
    play(stage.proxy.url)
    export(stage, file)

    text = file.read_text("utf-8")

    assert KEY not in text
    assert "x-goog-api-key" not in text.lower()
    assert main(["scenario", "check", str(file)]) == DONE
