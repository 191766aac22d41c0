"""What is kept, for whom, until when: labels, policies of our own copy, wishes of people, and what can still be rescued.

One stage for all; the emulator's clock is moved, and the steward goes by the same one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from google import genai

from proxy.cli.app import main
from proxy.errors import KeyDestroyed
from tests.end_to_end.sdk_play import MODEL, WEATHER
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_retention import DAY_S, KEY, Span

POLICIES: Final = """
[[policy]]
name = "care-keeps-nothing"
labels = ["team=care"]
never_store = true

[[policy]]
name = "short-here"
labels = ["kind=short"]
erase_local_after = "2d"

[[policy]]
name = "a-week-there"
labels = ["kind=short"]
delete_upstream_after = "7d"
"""


@pytest.fixture(scope="module")
def span(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Span]:
    folder = tmp_path_factory.mktemp("keeping")
    policies = folder / "policies.toml"
    policies.write_text(POLICIES)
    stage = Stage.set_up(
        folder, webhook__listen="on", webhook__port=0, retention__policies_file=policies
    )
    made = Span(stage, POLICIES)
    yield made
    made.client.connection.close()
    made.control.connection.close()
    print(stage.logs())
    stage.stop()


def told(capsys: pytest.CaptureFixture[str], span: Span, *words: str) -> tuple[int, str]:
    """What the command says about this data folder."""
    code = main([*words, "--data", str(span.stage.proxy.data)])
    return code, capsys.readouterr().out


def is_open(span: Span, interaction: str) -> bool:
    """Whether any exchange about it can be opened."""
    rows = span.stage.proxy.query("exchanges_about", interactions=[interaction], limit=10)
    vault = span.stage.proxy.vault()
    for _, _, raw_ref in rows:
        try:
            vault.exchange(raw_ref)
        except KeyDestroyed:
            continue
        return True
    return False


async def test_each_is_kept_as_its_labels_policies_and_people_want(
    span: Span, capsys: pytest.CaptureFixture[str]
) -> None:
    never = span.create(labels={"team": "care"})
    short = span.create(labels={"kind": "short"})
    plain, wished = span.create(), span.create()
    proxy = span.stage.proxy

    assert [is_open(span, name) for name in (never, short, plain)] == [False, True, True]
    (row,) = proxy.rows(f"SELECT model, status FROM interactions WHERE interaction = '{never}'")
    assert row == ("gemini-2.5-flash", "completed")
    acts = proxy.rows("SELECT detail FROM acts WHERE kind = 'erased'")
    assert any("policy care-keeps-nothing stores none" in detail for (detail,) in acts)
    code, _ = told(capsys, span, "dispose", wished, "--reason", "asked for", "--by", "ada")
    assert code == 0

    span.pass_time(3 * DAY_S)
    await span.work(rounds=6)

    assert span.deleted() == {wished: 1}
    assert span.states()[wished] == "deleted_verified"
    erased = proxy.rows("SELECT interaction FROM audit.erased ORDER BY erased_at")
    assert erased == [(never,), (short,)]
    assert [is_open(span, name) for name in (short, plain)] == [False, True]
    assert span.client.call("GET", f"/v1beta/interactions/{short}")["http"] == 200

    span.pass_time(5 * DAY_S)
    await span.work(rounds=6)

    # Its labels left with its content here; what they want at Google stays wanted.
    assert span.deleted() == {wished: 1, short: 1}
    assert span.states()[short] == "deleted_verified"
    code, dry = told(capsys, span, "retention", "--dry-run", "--json")
    assert code == 0
    assert plain not in dry


def converse(span: Span) -> str:
    """Three turns, with a tool; the last one's id."""
    first = {"model": MODEL, "input": "Weather in Oslo?", "tools": [WEATHER]}
    asked = span.client.call("POST", "/v1beta/interactions", first)
    (call,) = (step for step in asked["steps"] if step["type"] == "function_call")
    result = {"type": "function_result", "call_id": call["id"], "name": call["name"]}
    second = first | {"input": [result | {"result": {"celsius": 11}}]}
    answered = span.client.call(
        "POST", "/v1beta/interactions", second | {"previous_interaction_id": asked["id"]}
    )
    return span.create(MODEL, answered["id"])


def test_a_conversation_that_google_has_forgotten_goes_on_without_being_stored(
    span: Span, capsys: pytest.CaptureFixture[str]
) -> None:
    last = converse(span)
    span.pass_time(56 * DAY_S)
    again = {"model": MODEL, "input": "And tomorrow?", "previous_interaction_id": last}
    assert span.client.call("POST", "/v1beta/interactions", again)["http"] == 404
    span.stage.proxy.flush()

    out = Path(span.stage.folder) / "next.json"
    code, _ = told(capsys, span, "rescue", last, "--say", "And tomorrow?", "--out", str(out))

    assert code == 0
    body: dict[str, Any] = json.loads(out.read_text())
    kinds = [step["type"] for step in body["input"]]
    assert kinds[0] == kinds[-1] == "user_input"
    assert (
        kinds.index("function_call") < kinds.index("function_result") < kinds.index("model_output")
    )
    assert all(step["signature"] for step in body["input"] if step["type"] == "thought")
    plain = span.client.call("POST", "/v1beta/interactions", body)
    assert (plain["http"], plain["status"], "id" in plain) == (200, "completed", False)
    with genai.Client(api_key=KEY, http_options={"base_url": span.stage.proxy.url}) as client:
        answer = client.interactions.create(**body)
    assert answer.status == "completed"
    assert not answer.id
    acts = span.stage.proxy.rows(
        "SELECT interaction FROM acts WHERE detail LIKE '%without storage'"
    )
    assert acts == [(last,)]
