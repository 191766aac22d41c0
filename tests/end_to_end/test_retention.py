"""Copies at Google are deleted when they are due, never before, and it is proven; in the emulator's time."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from proxy.audit.retention.clocks import Tier
from proxy.journal.keys import FingerprintKey
from proxy.reading.disposal import verify_receipts
from proxy.steward.asking import Gateway, Neighbours, NotAnswered, Told
from proxy.steward.capture import Clocks
from proxy.steward.credential import made
from proxy.steward.disposal.desk import Disposals
from proxy.steward.disposal.ledger import Ledger, Project
from proxy.steward.disposal.reaching import Reach
from proxy.steward.disposal.signing import Signer
from proxy.steward.schedule import Allowance
from tests.end_to_end.conftest import SetUp
from tests.end_to_end.stage import Stage

KEY: Final = "a-key-of-the-project-0123456789"
MODEL: Final = "gemini-2.5-flash"
PRO: Final = "gemini-2.5-pro"
DAY_S: Final = 86_400
TREES: Final = int(os.environ.get("RETENTION_TREES", "12"))
"""Of five interactions each; every tenth is held, and half of these are released later."""
CLIENTS: Final = 4
KILLS: Final = int(os.environ.get("RETENTION_KILLS", "2"))
"""Of steward and recorder in turn, and of a gateway now and then, in the middle of the work."""
DEADLY_S: Final = 0.02
"""Into a round a steward is killed, and some more: between an intent, a DELETE and what is told of its answer."""
LOOK_EACH: Final = 15
"""Rounds: a steward takes a thousand copies into care at a time."""
UNANSWERED_S: Final = 120.0
"""A recorder that is killed is back by then; beyond it does not understand what it is asked."""
AGAIN_S: Final = 0.1
"""Before a recorder that is away is asked again, lest that keep it from starting."""
POLICY: Final = """
[[policy]]
name = "a-week"
models = ["gemini-2.5-flash"]
delete_upstream_after = "7d"
"""
LEDGER: Final = (
    "SELECT interaction, placed_at FROM holds WHERE released_at IS NULL ORDER BY ALL",
    "SELECT interaction, made_at, data FROM audit.receipts ORDER BY ALL",
    "SELECT interaction, state, evidence, due_at FROM audit.retention ORDER BY ALL",
)


@dataclass
class Line:
    """A client's connection that stays open."""

    url: str
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"x-goog-api-key": KEY, "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        told = response.read()
        return json.loads(told or b"{}") | {"http": response.status}

    def create(self, model: str = MODEL, previous: str | None = None, **more: object) -> str:
        asked = {"model": model, "input": "Why?", **more}
        if previous is not None:
            asked["previous_interaction_id"] = previous
        told = self.call("POST", "/v1beta/interactions", asked)
        assert told["http"] == 200, told
        return str(told["id"])

    def tree(self) -> list[str]:
        """Five turns: a chain of three, and two forks."""
        root = self.create()
        second = self.create(previous=root)
        third = self.create(previous=second)
        return [root, second, third, *(self.create(previous=root) for _ in "ab")]

    def close(self) -> None:
        self.connection.close()


class Span:
    """A steward in this process, and the two clocks that it and the emulator go by."""

    def __init__(self, stage: Stage, policy: str = POLICY) -> None:
        self.stage = stage
        self.client = Line(stage.proxy.url)
        self.control = Line(stage.emulator.url)
        self.ahead_s = 0.0
        self.mono_ahead_s = 0.0
        self.policy_file = stage.folder / "policies.toml"
        self.policy_file.write_text(policy)
        self.clocks = Clocks(
            wall_us=lambda: time.time_ns() // 1000 + round(self.ahead_s * 1e6),
            mono_s=lambda: time.monotonic() + self.mono_ahead_s,
        )

    def create(self, model: str = MODEL, previous: str | None = None, **more: object) -> str:
        return self.client.create(model, previous, **more)

    def tree(self) -> list[str]:
        return self.client.tree()

    def trees(self, count: int) -> list[list[str]]:
        """By several clients at once."""

        def some(first: int) -> list[list[str]]:
            with closing(Line(self.stage.proxy.url)) as client:
                return [client.tree() for _ in range(first, count, CLIENTS)]

        with ThreadPoolExecutor(CLIENTS) as clients:
            return [tree for made in clients.map(some, range(CLIENTS)) for tree in made]

    def pass_time(self, seconds: float) -> None:
        self.control.call("POST", "/emulator/clock", {"advance_s": seconds})
        self.ahead_s += seconds
        self.mono_ahead_s += seconds

    @asynccontextmanager
    async def steward(self) -> AsyncIterator[Disposals]:
        data = self.stage.proxy.data
        key = FingerprintKey.load_or_create(data / "keys" / "fingerprint.key")
        credential = made(KEY.encode(), key, "")
        async with Neighbours(data / "run") as neighbours:
            allowance = Allowance(10_000.0, self.clocks.mono_s())
            reach = Reach(
                neighbours.recorder,
                Ahead(neighbours.gateway, self),
                Ahead(neighbours.verifier, self),
                credential,
                (allowance, self.clocks.mono_s),
            )
            ledger = Ledger(
                neighbours.recorder, credential.scope, Project(Tier.PAID, 55, self.policy_file)
            )
            signer = Signer.load_or_create(data / "keys" / "receipts.key")
            yield Disposals(neighbours.recorder, reach, ledger, signer, self.clocks)

    async def work(self, *, rounds: int = 30, step_s: float = 70.0, kills: int = 0) -> None:
        """Let a steward do what is due, a minute or so between its rounds. So many times something is killed."""
        deadly = {(n + 1) * rounds // (kills + 1): n for n in range(kills)}
        number, answered_s = 0, time.monotonic()
        while number < rounds:
            async with self.steward() as desk:
                is_alive, looked = True, None
                while is_alive and number < rounds:
                    try:
                        if looked is None or number - looked >= LOOK_EACH:
                            await desk.look()
                            looked = number
                        kill = deadly.pop(number, None)
                        is_alive = await self._round(desk, kill)
                        number, answered_s = number + 1, time.monotonic()
                        self.pass_time(step_s)
                    except NotAnswered:  # as `Disposals.run` does
                        if time.monotonic() - answered_s > UNANSWERED_S:
                            raise
                        desk.forget()
                        looked = None
                        with suppress(TimeoutError):
                            async with asyncio.timeout(AGAIN_S):
                                await asyncio.Event().wait()

    async def _round(self, desk: Disposals, kill: int | None) -> bool:
        """One round; False: the steward was killed in the middle of it."""
        proxy = self.stage.proxy
        if kill is not None and kill % 2:
            victims = proxy.gateways() if kill % 6 == 5 else proxy.recorders()
            os.kill(victims[0], signal.SIGKILL)
        try:
            async with asyncio.timeout(
                None if kill is None or kill % 2 else DEADLY_S * (1 + kill % 7)
            ):
                await desk.round()
        except TimeoutError:
            return False
        return True

    def deleted(self) -> Counter[str]:
        """How often upstream was asked to delete what."""
        received = self.stage.emulator.ledger("received")
        return Counter(
            line["target"].rpartition("/")[2] for line in received if line["method"] == "DELETE"
        )

    def states(self) -> dict[str, str]:
        found = self.stage.proxy.rows(
            "SELECT interaction, state FROM copies WHERE state IS NOT NULL"
        )
        return dict(found)

    def receipts(self) -> dict[str, dict[str, Any]]:
        found = self.stage.proxy.rows(
            "SELECT interaction, data FROM audit.receipts ORDER BY made_at"
        )
        return {name: json.loads(data) for name, data in found}


class Ahead(Gateway):
    """The gateway, before an upstream whose Date goes by the emulator's clock. The emulator's own Date does not."""

    def __init__(self, gateway: Gateway, span: Span) -> None:
        self._gateway = gateway
        self._span = span

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], *, body_bytes_max: int = 0
    ) -> Told:
        told = await self._gateway.send(method, target, headers, body_bytes_max=body_bytes_max)
        return replace(told, date_s=self._span.clocks.wall_us() / 1e6)


@pytest.fixture
def span(set_up: SetUp) -> Iterator[Span]:
    """No credential for the proxy's own steward: the one of the test goes by the test's clocks."""
    made_up = Span(set_up(webhook__listen="on", webhook__port=0))
    yield made_up
    made_up.client.close()
    made_up.control.close()


def place_hold(stage: Stage, interaction: str, reach: str = "node") -> str:
    """Its id."""
    hold = {"kind": "hold", "actor": "ada", "detail": "a claim", "data": {"reach": reach}}
    told = stage.proxy._ask("POST", "/acts", {"acts": [hold | {"interaction": interaction}]})
    return str(told["acts"][0])


def release(stage: Stage, hold: str, interaction: str) -> None:
    ended = {"kind": "release", "actor": "ada", "detail": "settled", "data": {"hold": hold}}
    stage.proxy._ask("POST", "/acts", {"acts": [ended | {"interaction": interaction}]})


async def test_what_is_due_is_deleted_and_proven_and_nothing_else_is_touched(span: Span) -> None:
    trees = span.trees(TREES)
    others = [span.create(model=PRO) for _ in range(2)]
    chains, whole = trees[::10], trees[1::10]
    for tree in chains:  # the third turn of a chain: the two before it are protected with it
        place_hold(span.stage, tree[2])
    holds = [place_hold(span.stage, tree[4], "conversation") for tree in whole]

    span.pass_time(6 * DAY_S)
    await span.work(rounds=3)
    assert not span.deleted(), "not one before its day"

    span.pass_time(DAY_S)
    await span.work(rounds=30 + TREES // 3, kills=KILLS)

    held = {turn for tree in chains for turn in tree[:3]} | {
        turn for tree in whole for turn in tree
    }
    due = {turn for tree in trees for turn in tree} - held
    assert span.deleted() == dict.fromkeys(due, 1)
    for hold, tree in list(zip(holds, whole, strict=True))[1::2]:
        release(span.stage, hold, tree[4])
        held, due = held - {*tree}, due | {*tree}
    if len(whole) > 1:
        await span.work(rounds=22 + TREES // 40, kills=KILLS // 10)
    spared = held | {*others}
    assert span.deleted() == dict.fromkeys(due, 1)
    states = span.states()
    assert {states[name] for name in due} == {"deleted_verified"}
    assert not {states.get(name) for name in spared} & {"sending", "deleted_verified"}
    receipts = span.receipts()
    assert receipts.keys() == due
    assert all(one["receipt"]["is_verified"] for one in receipts.values())
    assert checked_offline(span, receipts) == f"{len(due)} of {len(due)} receipts are good\n"


async def test_holds_receipts_and_totals_are_as_before_when_the_tables_are_made_anew(
    span: Span,
) -> None:
    names = span.tree()
    place_hold(span.stage, names[2])
    span.pass_time(8 * DAY_S)
    await span.work()
    before = span.stage.proxy.answers(*LEDGER)

    span.client.close()
    span.stage.proxy.kill()
    (span.stage.proxy.data / "facts.duckdb").unlink()
    (span.stage.proxy.data / "facts.duckdb.wal").unlink(missing_ok=True)
    span.stage.proxy.start_again()
    await span.work(rounds=3)

    assert span.stage.proxy.answers(*LEDGER) == before
    assert span.deleted() == dict.fromkeys(names[3:], 1)


async def test_an_upstream_that_says_yes_and_goes_on_serving_is_never_green(span: Span) -> None:
    name = span.create()
    span.create(model=PRO)
    fault = {"operation": "delete", "fault": "undeleted", "times": 9}
    span.control.call("POST", "/emulator/faults", [fault])
    span.pass_time(8 * DAY_S)

    await span.work(rounds=26, step_s=601.0)

    assert span.states() == {name: "not_effective"}
    assert span.deleted() == {name: 3}
    receipt = span.receipts()[name]["receipt"]
    assert (receipt["outcome"], receipt["is_verified"]) == ("not_effective", False)
    assert not receipt["nothing_left"]


async def test_a_delete_of_a_client_enters_the_same_machine(span: Span) -> None:
    name = span.create()
    span.create(model=PRO)
    assert span.client.call("GET", f"/v1beta/interactions/{name}")["http"] == 200
    assert span.client.call("DELETE", f"/v1beta/interactions/{name}")["http"] == 200

    await span.work(rounds=8)

    assert span.states() == {name: "deleted_verified"}
    assert span.deleted() == {name: 1}
    assert span.receipts()[name]["receipt"]["is_verified"]


def checked_offline(span: Span, receipts: dict[str, dict[str, Any]]) -> str:
    """What the stand-alone tool says, far from our code."""
    tool = span.stage.folder / "verify_receipts.py"
    tool.write_text(Path(verify_receipts.__file__).read_text())
    (key,) = {one["key"] for one in receipts.values()}
    return subprocess.run(
        [sys.executable, "-I", str(tool), "--key", key],
        input="\n".join(json.dumps(one) for one in receipts.values()),
        capture_output=True,
        text=True,
        check=False,
        cwd=span.stage.folder,
    ).stdout
