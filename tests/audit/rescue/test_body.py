"""What goes along, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.audit.rescue import body as module
from proxy.audit.rescue.body import rescued
from proxy.audit.rescue.history import Turn
from proxy.audit.retention.clocks import HOUR_NS
from proxy.errors import FormatError

HI = {"type": "user_input", "content": [{"type": "text", "text": "hi"}]}
HELLO = {"type": "model_output", "content": [{"type": "text", "text": "hello"}]}
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc"


def turn(*steps: dict[str, Any], name: str = "v1_a", **request: Any) -> Turn:
    asked = tuple(step for step in steps if step.get("type") == "user_input")
    answered = tuple(step for step in steps if step.get("type") != "user_input")
    told = {"model": "m", **request}
    return Turn(name, 0, told, None, asked, answered, "completed", told["model"], ())


def test_all_turns_stand_in_the_input_and_nothing_is_stored() -> None:
    tools = [{"type": "function", "name": "look"}]
    first = turn(HI, HELLO, system_instruction="an earlier one")
    second = turn(HI, HELLO, name="v1_b", tools=tools, previous_interaction_id="v1_a", stream=True)

    found = rescued([first, second], 0, say="and then?")

    asked = {"type": "user_input", "content": [{"type": "text", "text": "and then?"}]}
    assert found.body == {
        "model": "m",
        "store": False,
        "tools": tools,
        "input": [HI, HELLO, HI, HELLO, asked],
    }
    assert (found.notes, found.is_whole) == ((), True)


def test_what_cannot_go_along_is_named() -> None:
    last = turn(
        HI,
        {"type": "thought", "summary": []},
        {"type": "thought", "signature": "c2ln"},
        {"type": "model_output", "content": HELLO["content"], "error": {"code": 13}},
        {"type": "function_call", "id": "k1", "name": "look", "arguments": {}},
        background=True,
        cached_content="cachedContents/x",
        environment="env_1",
        webhook_config={"uris": ["https://hook"]},
        tools=[{"type": "mcp_server", "url": "https://m", "headers": {"Authorization": "secret"}}],
        novelty=1,
    )

    found = rescued([last], 0)

    assert [step["type"] for step in found.body["input"]] == [
        "user_input",
        "thought",
        "model_output",
        "function_call",
    ]
    assert "secret" not in str(found.body)
    told = "\n".join(found.notes)
    for part in (
        "a thought without its signature",
        "the error at the end",
        "background is left out",
        "cached_content is left out",
        "environment is left out",
        "webhook_config is left out",
        "novelty is left out: we do not know it",
        "a secret in settings",
        "1 signatures",
        "function_result of k1",
    ):
        assert part in told
    assert not {"background", "cached_content", "environment", "novelty"} & found.body.keys()


def test_files_that_have_expired_are_left_out_and_others_stay() -> None:
    text = {"type": "text", "text": "what is this?"}
    file, link = {"type": "document", "uri": FILE}, {"type": "image", "uri": "https://x/y.png"}
    inline = {"type": "image", "data": "AAAA", "mime_type": "image/png"}
    asked = {"type": "user_input", "content": [text, file, link, inline]}
    alone = {"type": "user_input", "content": [file]}
    result = {"type": "function_result", "call_id": "k", "result": [file, text]}

    young = rescued([turn(asked, alone, result, HELLO)], HOUR_NS)
    old = rescued([turn(asked, alone, result, HELLO)], 49 * HOUR_NS)

    assert young.body["input"] == [asked, alone, result, HELLO]
    assert any("expires within 48 hours" in note for note in young.notes)
    assert old.body["input"] == [
        {"type": "user_input", "content": [text, link, inline]},
        {"type": "function_result", "call_id": "k", "result": [text]},
        HELLO,
    ]
    assert any(f"{FILE} has expired" in note for note in old.notes)


@pytest.mark.parametrize("now_ns", [HOUR_NS, 49 * HOUR_NS])
def test_no_note_shows_the_signature_of_a_signed_link(now_ns: int) -> None:
    signed = "?X-Goog-Expires=9&X-Goog-Signature=5ec4e7&alt=media"
    media = [{"type": "image", "uri": at + signed} for at in ("https://x/y.png", FILE)]

    found = rescued([turn({"type": "user_input", "content": media}, HELLO)], now_ns)

    told = "\n".join(found.notes)
    assert "5ec4e7" not in told + str(found.body)
    assert "https://x/y.png?X-Goog-Expires=9&X-Goog-Signature=[redacted]&alt=media" in told
    assert FILE in told


def test_an_agent_has_no_model_until_one_is_named() -> None:
    agent = Turn("v1_a", 0, {"agent": "research"}, None, (HI,), (HELLO,), "completed", None, ())

    with pytest.raises(FormatError, match="--model"):
        rescued([agent], 0)
    found = rescued([agent], 0, model="m")

    assert found.body["model"] == "m"
    assert any(note.startswith("agent is left out") for note in found.notes)


def test_what_is_missing_makes_it_no_whole_and_nothing_at_all_is_refused() -> None:
    gone = Turn("v1_a", 0, {}, None, (), (), None, None, ("it was erased here",))

    found = rescued([gone, turn(HI, HELLO)], 0)

    assert not found.is_whole
    assert "v1_a: it was erased here" in found.notes
    with pytest.raises(FormatError, match="nothing of this conversation"):
        rescued([gone], 0, model="m")


def test_what_is_too_large_or_too_deep_is_not_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    deep: Any = []
    for _ in range(2000):
        deep = [deep]

    found = rescued([turn(HI, {"type": "odd", "value": deep}, HELLO)], 0)

    assert found.body["input"] == [HI, HELLO]
    assert any("nested too deep" in note for note in found.notes)
    monkeypatch.setattr(module, "BODY_BYTES_MAX", 10)
    with pytest.raises(FormatError, match="more than 10 bytes"):
        rescued([turn(HI)], 0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "content", "result", "uri", "id"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=25)
@given(st.lists(st.dictionaries(st.sampled_from(["type", "content", "result"]), _JSON), max_size=4))
def test_foreign_steps_raise_nothing(steps: list[dict[str, Any]]) -> None:
    found = rescued([turn(HI, *steps)], 0)

    assert found.body["store"] is False
    assert found.body["input"][0] == HI
