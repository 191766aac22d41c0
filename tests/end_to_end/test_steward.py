"""What clients leave unfinished is finished by the steward, once, whoever was killed in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.conftest import SetUp
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Proxy, Stage, ask

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


def wait_for_its_end(proxy: Proxy, interaction: str) -> None:
    look_until(
        lambda: None if proxy.query("gap_of", interaction=interaction) else True,
        "the end of the interaction",
    )


ENDS_SEEN_BY_THE_STEWARD: Final = """
    SELECT observations.interaction, count(*)
    FROM observations JOIN exchanges USING (exchange)
    WHERE is_terminal AND purpose = 'steward' GROUP BY ALL ORDER BY ALL
"""
NOTICES: Final = """
    SELECT interaction, data ->> '$.scheme', count(*)
    FROM acts WHERE kind = 'webhook' AND interaction IS NOT NULL GROUP BY ALL ORDER BY ALL
"""


def register(stage: Stage, secrets: Path) -> str:
    """A webhook of the project, its secret where the steward reads it; its id."""
    wanted = {"uri": "http://127.0.0.1:9/", "subscribed_events": ["interaction.completed"]}
    told = call(stage.emulator.url, "POST", "/v1beta/webhooks", wanted)
    secrets.write_text(told["new_signing_secret"])
    return str(told["id"])


def notify(hook: str, secret: str, interaction: str) -> int:
    """Say that it has ended, as upstream would, in a delivery of one id; the status of the answer."""
    told = {"type": "interaction.completed", "data": {"id": interaction}}
    body, at = json.dumps(told).encode(), str(int(datetime.now(UTC).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"msg_again.{at}.".encode() + body, hashlib.sha256)
    parts = urlsplit(hook)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    headers = {
        "webhook-id": "msg_again",
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
        "Content-Type": "application/json",
    }
    try:
        connection.request("POST", f"{parts.path}/project", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


COSTS_ONCE: Final = """
    SELECT interaction, line_count, amount_pico_usd::BIGINT FROM costs_by_interaction ORDER BY ALL
"""
BILLS: Final = """
    SELECT interaction, count(*), sum(amount_pico_usd)::BIGINT FROM costs
    GROUP BY interaction, exchange ORDER BY ALL
"""
"""One for each exchange that showed usage."""


def delivered(stage: Stage, count: int) -> list[dict[str, Any]]:
    def look() -> Any:
        told = call(stage.emulator.url, "GET", "/emulator/deliveries")["deliveries"]
        done = [one for one in told if one["outcome"] == "delivered"]
        return done if len(done) >= count else None

    found: list[dict[str, Any]] = look_until(look, "deliveries")
    return found


def test_what_was_left_before_a_kill_is_finished_after_the_restart_and_counted_once(
    set_up: SetUp, tmp_path: Path
) -> None:
    """Notices under a shared secret, one of them sent twice, and under a token, and polls: one end each."""
    key_file, secrets = tmp_path / "janitor.key", tmp_path / "secrets"
    key_file.write_text(KEY + "\n")
    secrets.touch()
    stage = set_up(
        *SLOW,
        steward__credential_file=key_file,
        webhook__listen="on",
        webhook__port=0,
        webhook__secret_file=secrets,
    )
    left = begin(stage)
    look_until(lambda: asked_about(stage, left) or None, "a first look while it runs")

    stage.proxy.kill()
    webhook = register(stage, secrets)
    stage.proxy.start_again()
    hook = stage.proxy.program.announced["webhooks"]
    call(stage.emulator.url, "PATCH", f"/v1beta/webhooks/{webhook}", {"uri": f"{hook}/project"})
    other = begin(stage, webhook_config={"uris": [f"{hook}/request"]})
    end_all(stage)
    delivered(stage, 2)
    assert [notify(hook, secrets.read_text(), left) for _ in range(2)] == [200, 200]
    for one in (left, other):
        wait_for_its_end(stage.proxy, one)
    again = call(stage.proxy.url, "GET", f"/v1beta/interactions/{left}")
    stage.proxy.stop()

    tables = stage.proxy.data / "facts.duckdb"
    ends = {
        name: (status, tokens, steps)
        for name, status, tokens, steps in ask(
            tables, "SELECT interaction, status, total_tokens, output_step_count FROM interactions"
        )
    }
    wholes = {
        one: call(stage.emulator.url, "GET", f"/v1beta/interactions/{one}") for one in (left, other)
    }
    assert ends == {
        one: ("completed", whole["usage"]["total_tokens"], len(whole["steps"]) - 1)
        for one, whole in wholes.items()  # a GET shows what was asked, too
    }
    assert again["usage"] == wholes[left]["usage"]
    assert ask(tables, "SELECT interaction_count FROM usage_totals") == [(2,)]
    assert ask(tables, "SELECT interaction FROM unfinished") == []
    bills = ask(tables, BILLS)
    assert sorted(bill[0] for bill in bills) == sorted([left, left, other])  # one was read again
    assert ask(tables, COSTS_ONCE) == sorted(set(bills))
    assert ask(tables, ENDS_SEEN_BY_THE_STEWARD) == sorted([(left, 1), (other, 1)])
    assert ask(tables, NOTICES) == sorted([(left, "shared", 2), (other, "token", 1)])


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
