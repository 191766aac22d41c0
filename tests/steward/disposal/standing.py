"""Tables and an upstream that do what a test says, and a steward's desk between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from proxy.audit.retention.clocks import Tier
from proxy.interactions.interaction import id_hash
from proxy.steward.asking import Gateway, NotAnswered, Told
from proxy.steward.credential import Credential
from proxy.steward.disposal.desk import Disposals
from proxy.steward.disposal.ledger import Ledger, Project
from proxy.steward.disposal.reaching import Reach
from proxy.steward.disposal.signing import Signer
from proxy.steward.schedule import Allowance
from tests.audit.ledger.rows_made import START_US, copy_fields
from tests.steward.still import NOW_US, StillClock, StillRecorder

DAY_US = 86_400 * 1_000_000
CREDENTIAL = Credential("x-goog-api-key", "a-key", frozenset({"c" * 16}))
POLICY = '[[policy]]\nname = "week"\ndelete_upstream_after = "7d"\n'


class Tables(StillRecorder):
    """Answers the disposal_* queries about `copies`; acts that are told become rows."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.copies = {
            name: copy_fields(name, created_us=NOW_US - 8 * DAY_US, seen_us=NOW_US - 8 * DAY_US)
            for name in names
        }
        self.served: dict[str, int] = {}
        self.deleted: dict[str, int] = {}
        """By a client."""
        self.erased: dict[str, str] = {}
        """Why, by what."""
        self.erase_calls = 0
        self.plans_at_most = 1_000
        """Does not answer who wants more erased at once."""
        self.unknown: set[str] = set()
        """To whoever erases."""
        self.holds: list[str] = []
        self.controls: list[dict[str, Any]] = [
            {"interaction": "v1_control", "api_version": "v1beta", "api_revision": None}
        ]
        self.hold_on_intent = False

    async def query(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        self._check()
        return list(getattr(self, f"_{name}")(**parameters))

    async def tell(self, acts: Sequence[Mapping[str, object]]) -> None:
        await super().tell(acts)
        if self.hold_on_intent and any("DeleteIntended" in str(act) for act in acts):
            self.holds = [str(act["interaction"]) for act in acts]

    def told(self, kind: str = "disposal") -> list[dict[str, Any]]:
        return [dict(act) for act in self.acts if act["kind"] == kind]

    def steps(self) -> list[str]:
        """Names of the events told, in order."""
        return [act["data"]["event"] for act in self.told()]

    def _disposal_candidates(self, **_: object) -> list[dict[str, Any]]:
        return [{"interaction": name} for name in sorted(self.copies)]

    def _disposal_copies(self, interactions: list[str]) -> list[dict[str, Any]]:
        policies = {
            act["interaction"]: act["data"].get("policy")
            for act in self.told()
            if act["data"].get("event") == "DutyBegan"
        }
        return [self.copies[name] | {"duty_policy": policies.get(name)} for name in interactions]

    def _disposal_events(self, interactions: list[str]) -> list[dict[str, Any]]:
        rows = [
            _event(name, f"x-{name}", "served", START_US, 200, None)
            for name in interactions
            if name in self.served
        ]
        rows += [
            _event(name, f"d-{name}", "deleted", START_US + 1, self.deleted[name], None)
            for name in interactions
            if name in self.deleted
        ]
        return rows + [
            _event(act["interaction"], act["act"], "disposal", NOW_US + 10 + n, None, act["data"])
            for n, act in enumerate(self.told())
            if act["interaction"] in interactions
        ]

    async def labels(self, labels: Sequence[str]) -> dict[str, str | None]:
        self._check()
        return {label: f"index of {label}" for label in labels}

    async def erase(
        self, interactions: Sequence[str], reason: str, *, is_dry: bool
    ) -> dict[str, Any] | None:
        self._check()
        self.erase_calls += 1
        if len(interactions) > self.plans_at_most:
            raise NotAnswered("too much to plan")
        if not set(interactions) <= self.copies.keys() - self.unknown:
            return None
        kept = [{"interaction": name} for name in interactions if name in self.holds]
        free = [name for name in interactions if name not in self.holds]
        if not is_dry:
            assert not kept
            self.erased |= dict.fromkeys(free, reason)
            for name in free:
                self.copies[name] |= {"label": None, "is_erased": True}
        return {"plan": {"kept": kept, "interactions": free}}

    def _disposal_kept(self, after: str, **_: object) -> list[dict[str, Any]]:
        names = [name for name in sorted(self.copies) if name > after and name not in self.erased]
        return [{"interaction": name} for name in names]

    def _policies_told(self) -> list[dict[str, Any]]:
        found = [act["data"] for act in self.told("policy") if "standings" in act["data"]]
        return [{"data": orjson.dumps(data).decode()} for data in found]

    def _disposal_kin(self, roots: list[int], **_: object) -> list[dict[str, Any]]:
        states = {act["interaction"]: act["data"].get("state") for act in self.told()}
        return [
            {"interaction": name, "previous": row["previous"], "state": states.get(name)}
            for name, row in self.copies.items()
            if row["root"] in roots
        ]

    def _disposal_behind(self, hashes: str, **_: object) -> list[dict[str, Any]]:
        return [
            {"interaction": name, "root": row["root"]}
            for name, row in self.copies.items()
            if row["previous"] and str(id_hash(row["previous"])) in hashes.split(",")
        ]

    def _disposal_held(self, **_: object) -> list[dict[str, Any]]:
        return [{"interaction": name} for name in self.holds]

    def _disposal_controls(self, **_: object) -> list[dict[str, Any]]:
        return self.controls

    def _disposal_witnesses(self, interaction: str) -> list[dict[str, Any]]:
        return [{"exchange": interaction, "what": "delete", "status": 200, "at_us": NOW_US}]

    def _disposal_news(self, **_: object) -> list[dict[str, Any]]:
        return [{"acts": len(self.holds), "deletes": 0}]

    def _disposal_clock(self, **_: object) -> list[dict[str, Any]]:
        return [{"skew_us": None, "last_us": None}]


def _event(
    name: str, row_id: object, kind: str, at_us: int, status: int | None, data: object
) -> dict[str, Any]:
    return {
        "interaction": name,
        "id": row_id,
        "kind": kind,
        "at_us": at_us,
        "status": status,
        "retry_after_s": None,
        "data": None if data is None else orjson.dumps(data).decode(),
    }


class Upstream(Gateway):
    """Keeps `there`; `answers` are given first, None: the line breaks."""

    def __init__(self, *there: str) -> None:
        self.there = {*there, "v1_control"}
        self.answers: dict[str, list[int | None]] = {}
        """By method."""
        self.asked: list[tuple[str, str]] = []
        self.forgets = True
        self.date_us: Callable[[], int] | None = None
        """Its own clock; None: it tells none."""

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],  # noqa: ARG002
        *,
        body_bytes_max: int = 0,  # noqa: ARG002
    ) -> Told:
        name = target.removesuffix("/cancel").rpartition("/")[2].partition("?")[0]
        self.asked.append((method, name))
        date_s = None if self.date_us is None else self.date_us() / 1e6
        if self.answers.get(method):
            status = self.answers[method].pop(0)
            if status is None:
                raise NotAnswered("broken off")
            return Told(status, None, date_s=date_s)
        was_there = name in self.there or name == "models"
        if method == "DELETE" and self.forgets:
            self.there.discard(name)
        return Told(200 if was_there else 404, None, date_s=date_s)

    def count(self, method: str, name: str = "v1_a") -> int:
        return self.asked.count((method, name))


class Scene:
    """A desk whose clock moves when told."""

    def __init__(self, folder: Path, *names: str, policy: str = POLICY, notice_ns: int = 0) -> None:
        self.clock = StillClock()
        self.notice_ns = notice_ns
        self.tables = Tables(*names)
        self.upstream = Upstream(*names)
        self.upstream.date_us = self.clock.clocks.wall_us
        self.policy_file = folder / "policies.toml"
        self.policy_file.write_text(policy)
        self.desk = self.born()

    def born(self) -> Disposals:
        """A steward's new life."""
        clocks = self.clock.clocks
        pace = (Allowance(1000.0, clocks.mono_s()), clocks.mono_s)
        reach = Reach(self.tables, self.upstream, self.upstream, CREDENTIAL, pace)
        project = Project(Tier.PAID, 55, self.policy_file, self.notice_ns)
        ledger = Ledger(self.tables, CREDENTIAL.scope, project)
        return Disposals(self.tables, reach, ledger, Signer(bytes(32)), clocks)

    async def work(self, rounds: int = 12, step_s: float = 70.0) -> None:
        await self.desk.look()
        for _ in range(rounds):
            await self.desk.round()
            self.clock.at_s += step_s

    def outcome(self, name: str = "v1_a") -> str:
        """The state last told."""
        states = [act["data"]["state"] for act in self.tables.told() if act["interaction"] == name]
        return states[-1] if states else "none"
