"""The spans that an OpenTelemetry collector gets, played from a client through proxy and emulator."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.stage import Stage
from tests.telemetry.traces.receiver import (
    Received,
    Receiver,
    grpc_receiver,
    http_receiver,
    tree,
)

MODEL: Final = "gemini-3-flash-preview"
AGENT: Final = "deep-research-preview-04-2026"
CANARY: Final = "canary-7f3a"
"""Stands in prompts, arguments and results: in no span."""
PARENT: Final = "00f067aa0ba902b7"
KEY: Final = "AIzaSyD-a-made-up-key-of-39-characters0"
WEATHER: Final = {
    "type": "function",
    "name": "get_weather",
    "description": f"The weather in a town. {CANARY}",
    "parameters": {"type": "object", "properties": {"town": {"type": "string"}}},
}
Json = dict[str, Any]


@dataclass
class Caller:
    """A client with a trace of its own for each scene."""

    stage: Stage
    scenes: list[str] = field(default_factory=list)

    def scene(self, name: str) -> Scene:
        self.scenes.append(name)
        return Scene(self.stage, f"{len(self.scenes):032x}")


@dataclass
class Scene:
    stage: Stage
    trace: str
    flags: str = "01"

    def ask(
        self, method: str, path: str, body: Json | None = None, fault: str = ""
    ) -> tuple[int, bytes]:
        """Status and body; of a broken answer what came of it."""
        connection = http.client.HTTPConnection(*self.stage.proxy.address, timeout=60)
        headers = {
            "x-goog-api-key": KEY,
            "traceparent": f"00-{self.trace}-{PARENT}-{self.flags}",
            "Content-Type": "application/json",
        }
        if fault:
            headers["x-emulator-fault"] = fault
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            try:
                return response.status, response.read()
            except http.client.IncompleteRead as cut:
                return response.status, cut.partial
        finally:
            connection.close()

    def create(self, text: str, fault: str = "", **more: Any) -> Json:
        asked = {"input": f"{text}\n{CANARY}", **more}
        if "agent" not in asked:
            asked = {"model": MODEL, **asked}
        _, body = self.ask("POST", "/v1beta/interactions", asked, fault)
        if asked.get("stream"):
            return streamed(body)
        return dict(json.loads(body)) if body else {}

    def get(self, interaction: str, query: str = "") -> Json:
        _, body = self.ask("GET", f"/v1beta/interactions/{interaction}{query}")
        return {} if query else dict(json.loads(body))


def streamed(body: bytes) -> Json:
    """The id that a stream told, and the steps that it began."""
    lines = [line[6:] for line in body.splitlines() if line.startswith(b"data: {")]
    events = [json.loads(line) for line in lines]
    named = [event["interaction"] for event in events if "interaction" in event]
    steps = [event["step"] for event in events if event["event_type"] == "step.start"]
    return {"id": named[0]["id"] if named else "", "steps": steps}


def play_all(caller: Caller) -> None:
    caller.scene("unary").create("Hello")
    caller.scene("stream").create("emulate: thought", stream=True)
    caller.scene("cut").create("emulate: thought", "cut_stream=8", stream=True)
    caller.scene("in-band").create("emulate: thought", "error_event=2", stream=True)
    caller.scene("refused").create("Hello", "status=429, retry_after=1")
    caller.scene("provider tool").create("emulate: google_search", stream=True)

    client_tool = caller.scene("client tool")
    asked = client_tool.create("emulate: function_call", tools=[WEATHER], stream=True)
    (call,) = [step for step in asked["steps"] if step["type"] == "function_call"]
    result = {"type": "function_result", "call_id": call["id"], "name": call["name"]}
    client_tool.create(
        "", input=[{**result, "result": CANARY}], previous_interaction_id=asked["id"]
    )

    background = caller.scene("background")
    running = background.create("Look into it", agent=AGENT, background=True)
    while background.get(running["id"])["status"] != "completed":
        pass
    background.get(running["id"])
    background.ask("DELETE", f"/v1beta/interactions/{running['id']}")

    chain = caller.scene("chain")
    first = chain.create("Once")
    second = chain.create("Twice", previous_interaction_id=first["id"])
    chain.create("Thrice", previous_interaction_id=second["id"])

    unsampled = caller.scene("unsampled")
    unsampled.flags = "00"
    unsampled.create("Hello")
    files = caller.scene("beside")
    files.ask("GET", f"/v1beta/models/{CANARY}?key={KEY}")


@dataclass(frozen=True)
class Played:
    receiver: Receiver
    scenes: list[str]
    exchange_count: int

    def of(self, scene: str) -> list[Received]:
        trace = f"{self.scenes.index(scene) + 1:032x}"
        return [span for span in self.receiver.spans if span.trace == trace]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with http_receiver() as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        patch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        patch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue%20team")
        patch.setenv("OTEL_SERVICE_NAME", "the-recorder")
        more = {"traces__client_tools": "on", "traces__unchanged_polls": 1}
        stage = _stage(tmp_path_factory.mktemp("stage"), **more)
        caller = Caller(stage)
        try:
            play_all(caller)
            stage.proxy.flush()
            exchange_count = stage.proxy.status()["exchanges"]
        finally:
            print(stage.logs())
            stage.stop()  # what is left is sent before the recorder ends
        yield Played(receiver, caller.scenes, exchange_count)


def _stage(folder: Path, **settings: object) -> Stage:
    return Stage.set_up(folder, "--background-polls", "3", **settings)


SERVER: Final = "SERVER POST /v1beta/interactions"
GENERATE: Final = f"  CLIENT generate_content {MODEL}"
ATTEMPT: Final = "    CLIENT POST"
THOUGHT: Final = "    INTERNAL interaction.step thought"
OUTPUT: Final = "    INTERNAL interaction.step model_output"
POLL: Final = "SERVER GET /v1beta/interactions/{id}"
FETCH: Final = "  CLIENT fetch_response ->created_by"
TREES: Final = {
    "unary": [SERVER, GENERATE, ATTEMPT],
    "stream": [SERVER, GENERATE, ATTEMPT, THOUGHT, OUTPUT],
    "cut": [
        SERVER,
        f"{GENERATE} !stream_interrupted",
        f"{ATTEMPT} !upstream_aborted",
        THOUGHT,
        f"{OUTPUT} !stream_interrupted",
    ],
    "in-band": [SERVER, f"{GENERATE} !gateway_timeout", ATTEMPT],
    "refused": [SERVER, f"{GENERATE} !429", f"{ATTEMPT} !429"],
    "provider tool": [
        *(SERVER, GENERATE, ATTEMPT, THOUGHT),
        "    INTERNAL execute_tool google_search",
        OUTPUT,
    ],
    "client tool": [
        *(SERVER, GENERATE, ATTEMPT, THOUGHT),
        "    INTERNAL interaction.step function_call",
        "    INTERNAL execute_tool get_weather ->answered_by",
        SERVER,
        f"{GENERATE} ->previous_interaction ->function_call",
        ATTEMPT,
    ],
    "background": [
        *(SERVER, f"  CLIENT invoke_agent {AGENT}", "    INTERNAL interaction.run", ATTEMPT),
        *(POLL, FETCH, "    CLIENT GET") * 2,
        *(POLL, f"{FETCH} ->completed", "    CLIENT GET"),
        *(POLL, FETCH, "    CLIENT GET"),
        *("SERVER DELETE /v1beta/interactions/{id}", "  CLIENT DELETE"),
    ],
    "chain": [
        *(SERVER, GENERATE, ATTEMPT),
        *(SERVER, f"{GENERATE} ->previous_interaction", ATTEMPT) * 2,
    ],
    "unsampled": [],
    "beside": ["SERVER GET /v1beta/models/{id}", "  CLIENT GET !404"],
}


@pytest.mark.parametrize("scene", TREES)
def test_each_kind_of_exchange_has_its_tree(played: Played, scene: str) -> None:
    assert tree(played.of(scene)) == TREES[scene]


def test_all_spans_hang_below_the_callers_span_and_inside_their_parents_time(
    played: Played,
) -> None:
    spans = {span.id: span for span in played.receiver.spans}
    assert len(spans) == len(played.receiver.spans)  # each once
    for span in spans.values():
        above = spans.get(span.parent)
        if above is None:
            assert (span.parent, span.kind, span.flags) == (PARENT, "SERVER", 0x300)
        elif span.name not in {"interaction.run", "execute_tool get_weather"}:
            assert above.start <= span.start <= span.end <= above.end
            assert span.flags == 0x100


def test_links_lead_to_spans_that_were_sent(played: Played) -> None:
    spans = {(span.trace, span.id): span for span in played.receiver.spans}
    for scene in ("client tool", "background", "chain"):
        for span in played.of(scene):
            for trace, id_, about in span.links:
                named = spans[trace, id_].name
                expected = {
                    "previous_interaction": f"generate_content {MODEL}",
                    "function_call": "interaction.step function_call",
                    "answered_by": f"generate_content {MODEL}",
                    "created_by": f"invoke_agent {AGENT}",
                    "completed": "interaction.run",
                }
                assert named == expected[about["ixp.link"]]


def test_a_conversation_has_one_name_and_counts_its_turns(played: Played) -> None:
    turns = [span for span in played.of("chain") if span.name.startswith("generate_content")]
    turns.sort(key=lambda span: span.start)
    first = turns[0].attributes["gen_ai.response.id"]

    assert [span.attributes["ixp.chain.turn"] for span in turns] == [1, 2, 3]
    assert {span.attributes["gen_ai.conversation.id"] for span in turns} == {first}
    assert turns[1].attributes["gen_ai.request.previous_response.id"] == first


def test_tokens_of_background_work_are_told_once(played: Played) -> None:
    counted = [
        span.name
        for span in played.of("background")
        if any(name.startswith("gen_ai.usage.") for name in span.attributes)
    ]

    assert counted == ["interaction.run"]


def test_an_audit_id_leads_from_each_root_to_its_record(played: Played) -> None:
    roots = [span for span in played.receiver.spans if span.kind == "SERVER"]
    named = {span.attributes["ixp.audit.record_id"] for span in roots}

    assert len(named) == len(roots) == played.exchange_count - 1  # one was not sampled


def test_no_span_holds_content_or_a_credential(played: Played) -> None:
    sent = b"".join(played.receiver.bodies)

    assert CANARY.encode() not in sent
    assert KEY.encode() not in sent
    assert b"blue team" not in sent


def test_the_environment_says_where_and_as_whom(played: Played) -> None:
    (headers,) = {one["x-tenant"] for one in played.receiver.headers}
    resource = played.receiver.resources[0]

    assert headers == "blue team"
    assert played.receiver.headers[0][":path"] == "/v1/traces"
    assert played.receiver.headers[0]["content-encoding"] == "gzip"
    assert resource["service.name"] == "the-recorder"
    assert resource["service.version"]


def test_the_same_arrives_over_grpc_and_goes_on_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with grpc_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        stage = _stage(tmp_path_factory.mktemp("stage"))
        try:
            caller = Caller(stage)
            running = caller.scene("before").create("Do", agent=AGENT, background=True)
            stage.proxy.flush()
            stage.proxy.kill()
            stage.proxy.start_again()
            after = caller.scene("after")
            while after.get(running["id"])["status"] != "completed":
                pass
            stage.proxy.flush()
        finally:
            print(stage.logs())
            stage.stop()

    unique = list({(span.trace, span.id): span for span in receiver.spans}.values())
    played = Played(receiver, caller.scenes, 0)
    before = [span for span in unique if span in played.of("before")]
    assert tree(before) == TREES["background"][:4]
    assert tree(played.of("after"))[-3:] == [POLL, f"{FETCH} ->completed", "    CLIENT GET"]
