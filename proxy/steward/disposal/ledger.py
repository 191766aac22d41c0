"""The steward's look at the ledger: which copies are due, and the state of each, out of the records."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from proxy.audit.ledger.fold import copy_of, gone_by, interval_of, subject_of
from proxy.audit.ledger.notice import (
    Standings,
    stood,
    told_changes,
    told_standings,
    with_notice,
)
from proxy.audit.ledger.policies import POLICIES_BYTES_MAX, policies_from, policies_text
from proxy.audit.ledger.rows import CopyRow, EventRow, TurnRow
from proxy.audit.retention.cascade import Forest
from proxy.audit.retention.clocks import (
    DAY_NS,
    FREE_DAYS,
    PAID_DAYS,
    RULES,
    Interval,
    Tier,
)
from proxy.audit.retention.decide import can_be_proven
from proxy.audit.retention.policy import Duty, Policy, Verdict, deletion_at, indexed, verdict
from proxy.audit.retention.states import ATTENTION, FINAL, Copy, Disposal, is_passed_over
from proxy.errors import ConfigError
from proxy.interactions.interaction import id_hash
from proxy.steward.asking import Cut, NotAnswered, Recorder
from proxy.steward.disposal.rules import rules_of

CARE_MAX: Final = 1000
"""Copies in care at once: each is held in memory with its events. The others wait in the tables."""
PAGE: Final = 1000
"""Candidates of one question."""
ROWS_PAGE: Final = 5000
"""Turns or holds of one question; an answer holds twice as many."""
LINKS_MAX: Final = 2000
"""Turns one behind the other whose ids name no first turn: as long as a conversation may be."""
LOCAL_PAGES: Final = 10
"""Of one look for what is to be erased here; the next look goes on behind them."""
PAGES_MAX: Final = 2000
"""Of one look: two million candidates that no policy wants in the end."""
NOTICE: Final = "since when policies stand: what began before has its notice"
RULES_HOLD: Final = "how long copies live upstream, and what policies want deleted"
RECENT_US: Final = 7 * DAY_NS // 1000

_LOG: Final = logging.getLogger("steward")


@dataclass(frozen=True, slots=True)
class Project:
    """What the settings say of the project behind the credential."""

    tier: Tier = Tier.UNKNOWN
    days: int | None = None
    policies_file: Path | None = None
    notice_ns: int = 0
    """Before a policy that became stricter reaches what was there already."""
    probes_per_hour: int = 0
    """Looks at copies whose create did not say that they are stored."""

    @property
    def span(self) -> tuple[int, int]:
        """Shortest and longest days that a copy may live by itself."""
        if self.tier is Tier.FREE:
            return FREE_DAYS, FREE_DAYS
        if self.tier is Tier.PAID:
            return (self.days, self.days) if self.days else (PAID_DAYS[0], PAID_DAYS[-1])
        return FREE_DAYS, PAID_DAYS[-1]


@dataclass(slots=True)
class Case:
    """A copy in care. Mutable; the desk owns it."""

    row: CopyRow
    copy: Copy
    interval: Interval
    duty: Duty | None
    """What the policies want, as last read."""
    receipted: Disposal | None = None
    """The state that the last receipt tells of, or that was there before this life."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around the copies in care."""

    forest: Forest
    states: dict[str, str | None]
    held: frozenset[str]
    """What holds name."""
    protected: frozenset[str]

    def slipped_in(self, cases: Mapping[str, Case]) -> list[str]:
        """Turns behind one that goes with all behind it which may not have been told so: they came since."""
        found: dict[str, None] = {}
        for name in [name for name, case in cases.items() if case.copy.is_branch]:
            for later in self.forest.descendants(name):
                case = cases.get(later)
                ended = self.states.get(later) in FINAL | ATTENTION
                if is_passed_over(case.copy) if case else not ended:
                    found[later] = None
        return list(found)

    def joined(self, newer: Surroundings) -> Surroundings:
        """With what was read later, of some conversations whole: it counts there."""
        forest = self.forest.joined(newer.forest)
        return Surroundings(
            forest, self.states | newer.states, newer.held, forest.protected(newer.held)
        )


class Ledger:
    """Reads copies, policies, holds and conversations."""

    def __init__(self, recorder: Recorder, scope: frozenset[str], project: Project) -> None:
        self._recorder = recorder
        self.scope = sorted(scope)
        self.project = project
        self.policies: tuple[Policy, ...] = ()
        self._standings: Standings | None = None
        """Since when they stand; None: that was not read yet."""
        self.untold: list[dict[str, Any]] = []
        """What changed of that, as acts have to tell it."""
        self._text: str | None = None
        self._told_rules: dict[str, Any] | None = None
        self.skew_ns = 0
        self._cases_after = ""
        """How far the last look came, if there was more than it took."""
        self._local_after = ""
        """How far the last portion went."""
        self.has_more_to_erase = False
        """The last portion was full."""

    async def read_policies(self, now_ns: int) -> None:
        """The policies of the file as it is at `now_ns`; one that cannot be read makes no duty until it can.

        Raises:
            NotAnswered: the recorder does not say by what labels are found.
        """
        file = self.project.policies_file
        if file is None:
            return
        try:
            with file.open("rb") as opened:
                text = policies_text(opened.read(POLICIES_BYTES_MAX + 1), file.name)
            if text == self._text:
                return
            found = policies_from(text, file.name)
            labels = sorted({label for policy in found for label in policy.labels})
            index = await self._recorder.labels(labels)
            found = indexed(found, index.get)
            before = self._standings or await self._stood()
            self._standings = stood(before, found, now_ns)
            self.untold += told_changes(before, self._standings)
            self.policies = with_notice(found, self._standings, self.project.notice_ns)
            self._text = text
        except (OSError, ConfigError) as error:
            self.policies, self._text = (), None
            _LOG.error(
                "retention.policies_file: nothing is due by policy until it is right: %s", error
            )

    async def _stood(self) -> Standings:
        """What the last life of a steward put on record."""
        rows = await self._recorder.query("policies_told")
        return told_standings(orjson.loads(row["data"]) for row in rows)

    async def tell_rules(self) -> None:
        """For the record, at each change: what is assumed of Google, and which policies hold. Raises NotAnswered."""
        shortest, longest = self.project.span
        while self.untold:
            await self._recorder.tell([_policy_act(NOTICE, self.untold[0])])
            del self.untold[0]
        data = {
            "shortest_days": shortest,
            "longest_days": longest,
            "rules": RULES.version,
            "policies": [policy.name for policy in self.policies][:100],
        }
        if data != self._told_rules:
            await self._recorder.tell([_policy_act(RULES_HOLD, data)])
            self._told_rules = data

    async def clock(self, now_us: int) -> int:
        """Latest instant on record, ns; takes over the skew. Raises NotAnswered."""
        (found,) = await self._recorder.query("disposal_clock", since_us=max(0, now_us - RECENT_US))
        self.skew_ns = 1000 * (found["skew_us"] or 0)
        return 1000 * (found["last_us"] or 0)

    async def cases(self, now_ns: int, boot: str, under_way: Sequence[str] = ()) -> dict[str, Case]:
        """What is due for the life `boot`, at most CARE_MAX: first what is `under_way`, then the others in turn.

        Where there are more, the next look goes on behind them: what waits (for a hold's end, a person, tomorrow's
        attempt) leaves room for what does not.

        Raises:
            NotAnswered: try again later.
        """
        found: dict[str, Case] = {}
        for case in await self.read(under_way, boot) if under_way else ():
            if is_in_care(case, now_ns):
                found[case.row.interaction] = case
        begin, last, has_wrapped = self._cases_after, self._cases_after, False
        for _ in range(PAGES_MAX):
            names = await self._candidates(now_ns, last)
            for case in await self.read(names, boot) if names else ():
                if is_in_care(case, now_ns):
                    found[case.row.interaction] = case
                    self._cases_after = case.row.interaction
                if len(found) >= CARE_MAX:
                    return found
            if len(names) == PAGE:
                last = names[-1]
            elif begin and not has_wrapped:
                last, has_wrapped = "", True
            else:
                break
            if has_wrapped and last >= begin:
                break
        self._cases_after = ""
        return found

    async def _candidates(self, now_ns: int, after: str) -> list[str]:
        """A page of what may be due, by interaction."""
        cutoff_us, rules = rules_of(
            self.policies, lambda policy: policy.delete_upstream_after_s, now_ns // 1000
        )
        page = await self._recorder.query(
            "disposal_candidates",
            scope=self.scope,
            cutoff_us=cutoff_us,
            rules=rules,
            after=after,
            finals=sorted(FINAL),
            limit=PAGE,
        )
        return [row["interaction"] for row in page]

    async def read(self, names: Sequence[str], boot: str) -> list[Case]:
        """These copies, whatever is due. Raises NotAnswered."""
        rows = await self._in_parts("disposal_copies", names)
        told: dict[str, list[EventRow]] = {}
        for event in await self._in_parts("disposal_events", names):
            told.setdefault(event["interaction"], []).append(EventRow(**event))
        return [self._case(CopyRow(**row), told.get(row["interaction"], []), boot) for row in rows]

    def wants(self, case: Case) -> Duty | None:
        """When the policies want it deleted upstream."""
        return self.verdict(case).delete_upstream or self._remembered(case)

    def verdict(self, case: Case) -> Verdict:
        """What the policies want of it."""
        return verdict(self.policies, subject_of(case.row), case.copy.began_at)

    def _remembered(self, case: Case) -> Duty | None:
        """Labels leave the tables with what was erased here: the duty that they made stays, as the policy does."""
        if case.row.duty_policy is None or not case.row.is_erased:
            return None
        for policy in self.policies:
            due_at = deletion_at(policy, case.copy.began_at)
            if policy.name == case.row.duty_policy and policy.labels and due_at is not None:
                return Duty(due_at, policy.name)
        return None

    async def to_erase(self, now_ns: int) -> list[Case]:
        """Copies of ours that policies may want erased by now, a portion of all. Raises NotAnswered."""
        cutoff_us, rules = rules_of(
            self.policies, lambda policy: policy.erase_local_after_s, now_ns // 1000
        )
        if cutoff_us is None:
            self.has_more_to_erase = False
            return []
        found: list[Case] = []
        for _ in range(LOCAL_PAGES):
            page = await self._recorder.query(
                "disposal_kept",
                cutoff_us=cutoff_us,
                rules=rules,
                after=self._local_after,
                limit=PAGE,
            )
            names = [row["interaction"] for row in page]
            for case in await self.read(names, "") if names else ():
                duty = self.verdict(case).erase_local
                if duty is not None and duty.at <= now_ns:
                    found.append(case)
            self._local_after = names[-1] if len(page) == PAGE else ""
            if not self._local_after or len(found) >= CARE_MAX:
                break
        self.has_more_to_erase = len(found) >= CARE_MAX and self._local_after != ""
        return found

    async def surroundings(self, cases: Iterable[Case]) -> Surroundings:
        """Conversations and holds around them. Raises NotAnswered."""
        turns = await self._kin({case.row.root for case in cases})
        forest = Forest({turn.interaction: turn.previous for turn in turns})
        held = frozenset(await self.held())
        states = {turn.interaction: turn.state for turn in turns}
        return Surroundings(forest, states, held, forest.protected(held))

    async def held(self) -> list[str]:
        """Interactions that holds name now. Raises NotAnswered."""
        return [row["interaction"] for row in await self._paged("disposal_held")]

    async def _kin(self, roots: set[int]) -> list[TurnRow]:
        """All turns of these conversations, and those behind them whose ids name no first turn."""
        turns: dict[str, TurnRow] = {}
        asked: set[int] = set()
        for _ in range(LINKS_MAX):
            for row in await self._paged("disposal_kin", roots=sorted(roots)):
                turns[row["interaction"]] = TurnRow(**row)
            asked |= roots
            hashes = ",".join(str(id_hash(name)) for name in sorted(turns))
            behind = await self._paged("disposal_behind", hashes=hashes) if turns else []
            roots = {row["root"] for row in behind} - asked
            if not roots:
                return list(turns.values())
        raise NotAnswered(f"turns behind turns, {LINKS_MAX} deep: nothing is deleted meanwhile")

    async def _paged(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        """All rows, in pages by interaction."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self._recorder.whole(name, after=after, limit=ROWS_PAGE, **parameters)
            found += page
            if len(page) < ROWS_PAGE:
                return found
            after = page[-1]["interaction"]

    async def _in_parts(self, name: str, names: Sequence[str]) -> list[dict[str, Any]]:
        """Rows of these interactions; in halves where one answer does not hold them all."""
        try:
            return await self._recorder.whole(name, interactions=list(names))
        except Cut:
            if len(names) < 2:
                raise
        middle = len(names) // 2
        first = await self._in_parts(name, names[:middle])
        return first + await self._in_parts(name, names[middle:])

    def _case(self, row: CopyRow, told: Sequence[EventRow], boot: str) -> Case:
        project = (self.project.tier, self.project.days)
        copy = copy_of(row, told, boot, gone_by(row, project, self.skew_ns))
        interval = interval_of(row, copy, project, self.skew_ns, RULES)
        case = Case(row, copy, interval, None, copy.disposal)
        case.duty = self.wants(case)
        return case


def _policy_act(detail: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "policy", "actor": "steward", "detail": detail, "data": data}


def is_in_care(case: Case, now_ns: int) -> bool:
    """Whether there is anything to do about it."""
    if case.copy.disposal in FINAL:
        return can_be_proven(case.copy)
    if case.copy.disposal is Disposal.SCHEDULED and not case.copy.is_request:
        return (case.copy.due_at or 0) <= now_ns
    if case.copy.disposal is not Disposal.IDLE:
        return True
    return case.duty is not None and case.duty.at <= now_ns
