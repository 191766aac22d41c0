"""What clients leave unfinished is finished by the steward, once, whoever was killed in between."""

from __future__ import annotations

import http.client
import json
import os
import signal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.conftest import SetUp
from tests.end_to_end.programs import look_until, runs
from tests.end_to_end.stage import Proxy, Stage

KEY: Final = "a-key-of-the-project-0123456789"
OTHER: Final = "a-key-of-another-project-987654"
AGENT: Final = "deep-research-preview-04-2026"
SLOW: Final = ("--background-polls", "100000", "--background-seconds", "200")
"""A run that only the clock ends, within the window in which webhooks may be signed."""


def call(url: str, method: str, path: str, body: object = None, key: str = KEY) -> Any:
    """One request of a client that then leaves."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"x-goog-api-key": key, "Content-Type": "application/json"}
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        return json.loads(connection.getresponse().read() or b"{}")
    finally:
        connection.close()


def begin(stage: Stage, **more: object) -> str:
    """Background work; its client does not come back."""
    asked = {"agent": AGENT, "input": "Why?", "background": True, **more}
    answer = call(stage.proxy.url, "POST", "/v1beta/interactions", asked)
    assert answer["status"] == "in_progress"
    return str(answer["id"])


def end_all(stage: Stage) -> None:
    """Let the emulator's clock end what runs."""
    call(stage.emulator.url, "POST", "/emulator/clock", {"advance_s": 250})


def asked_about(stage: Stage, interaction: str) -> list[dict[str, Any]]:
    """What upstream was asked about it, by anybody but its creator."""
    return [line for line in stage.emulator.ledger("received") if interaction in line["target"]]


def seen_completed(proxy: Proxy, interaction: str) -> Any:
    def look() -> bool | None:
        return None if proxy.query("gap_of", interaction=interaction) else True

    look_until(look, "the end of the interaction")
    (row,) = proxy.rows(
        "SELECT status, total_tokens, output_step_count FROM interactions "
        f"WHERE interaction = '{interaction}'"
    )
    return row


def unfinished(proxy: Proxy) -> list[Any]:
    proxy.flush()
    return proxy.rows("SELECT interaction, why FROM unfinished")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "janitor.key"
    file.write_text(KEY + "\n")
    return file


def test_what_was_left_before_a_kill_is_finished_after_the_restart_and_counted_once(
    set_up: SetUp, key_file: Path
) -> None:
    stage = set_up(*SLOW, steward__credential_file=key_file)
    interaction = begin(stage)
    look_until(lambda: asked_about(stage, interaction) or None, "a first look while it runs")

    stage.proxy.kill()
    stage.proxy.start_again()
    end_all(stage)
    status, tokens, steps = seen_completed(stage.proxy, interaction)
    whole = call(stage.emulator.url, "GET", f"/v1beta/interactions/{interaction}")

    assert status == whole["status"] == "completed"
    assert tokens == whole["usage"]["total_tokens"]
    assert steps == len(whole["steps"]) - 1  # a GET shows what was asked, too
    ((counted,),) = stage.proxy.rows(
        "SELECT sum(total_tokens) FROM interactions WHERE NOT starts_with(interaction, 'exchange:')"
    )
    assert counted == tokens
    assert unfinished(stage.proxy) == []
    ends = stage.proxy.rows(
        "SELECT count(*) FROM observations JOIN exchanges USING (exchange) "
        "WHERE is_terminal AND purpose = 'steward'"
    )
    assert ends == [(1,)]


def registered(stage: Stage, uri: str) -> str:
    """A webhook of the project; its signing secret."""
    wanted = {"uri": uri, "subscribed_events": ["interaction.completed"]}
    told = call(stage.emulator.url, "POST", "/v1beta/webhooks", wanted)
    return str(told["new_signing_secret"])


def delivered(stage: Stage, count: int) -> list[dict[str, Any]]:
    def look() -> Any:
        told = call(stage.emulator.url, "GET", "/emulator/deliveries")["deliveries"]
        done = [one for one in told if one["outcome"] == "delivered"]
        return done if len(done) >= count else None

    found: list[dict[str, Any]] = look_until(look, "deliveries")
    return found


def test_two_notices_and_a_poll_make_one_end(set_up: SetUp, key_file: Path, tmp_path: Path) -> None:
    """A registered webhook (shared secret) and a per-request one (token): verified, kept, acted on."""
    secrets = tmp_path / "secrets"
    secrets.write_text("")
    stage = set_up(
        *SLOW,
        steward__credential_file=key_file,
        webhook__listen="on",
        webhook__port=0,
        webhook__secret_file=secrets,
    )
    hook = stage.proxy.program.announced["webhooks"]
    secrets.write_text(registered(stage, f"{hook}/project"))
    (before,) = stage.proxy.stewards()
    os.kill(stage.proxy.program.pid, signal.SIGHUP)  # the secret was not known at the start
    look_until(lambda: None if runs(before, "proxy.steward") else True, "the steward's renewal")
    by_project = begin(stage)
    by_request = begin(stage, webhook_config={"uris": [f"{hook}/request"]})

    end_all(stage)
    delivered(stage, 2)
    ends = [seen_completed(stage.proxy, one) for one in (by_project, by_request)]
    again = call(stage.proxy.url, "GET", f"/v1beta/interactions/{by_project}")

    assert again["usage"]["total_tokens"] == ends[0][1]
    stage.proxy.flush()
    notices = stage.proxy.rows(
        "SELECT interaction, data ->> '$.scheme', count(DISTINCT act) FROM acts "
        "WHERE kind = 'webhook' AND interaction IS NOT NULL GROUP BY ALL ORDER BY 2"
    )
    assert notices == [(by_project, "shared", 1), (by_request, "token", 1)]
    ((counted, count),) = stage.proxy.rows("SELECT sum(total_tokens), count(*) FROM interactions")
    assert (counted, count) == (ends[0][1] + ends[1][1], 2)
    assert unfinished(stage.proxy) == []


def test_others_and_the_deleted_are_left_alone_and_the_key_of_the_environment_is_nowhere(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERACTIONS_PROXY_JANITOR_KEY", KEY)
    stage = set_up(*SLOW)
    asked = {"agent": AGENT, "input": "Why?", "background": True}
    foreign = call(stage.proxy.url, "POST", "/v1beta/interactions", asked, OTHER)["id"]
    left, deleted = begin(stage), begin(stage)
    call(stage.proxy.url, "DELETE", f"/v1beta/interactions/{deleted}")
    look_until(lambda: asked_about(stage, left) or None, "a look by the steward")

    why = {one: stage.proxy.query("gap_of", interaction=one)[0][0] for one in (foreign, deleted)}
    (steward,) = stage.proxy.stewards()
    places = {
        f"{pid} {what}": Path(f"/proc/{pid}/{what}").read_bytes()
        for pid in (steward, *stage.proxy.gateways(), *stage.proxy.recorders())
        for what in ("environ", "cmdline")
    }
    stage.proxy.stop()
    places |= {
        str(path): path.read_bytes()
        for path in stage.folder.rglob("*")
        if path.is_file() and path.name != "ledger.jsonl"
    }

    assert why == {
        foreign: "made with a credential of another scope",
        deleted: "deleted before its end was seen",
    }
    assert asked_about(stage, foreign) == []
    assert [place for place, data in places.items() if KEY.encode() in data] == []
