"""What becomes of one request at the door. Pure: rules, knowledge and the request in, a verdict out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from proxy.audit.policing.asked import Asked, coded
from proxy.audit.policing.body import not_stored, read_body
from proxy.audit.policing.knowledge import Knowledge
from proxy.audit.policing.rules import Do, DoorRules, StorageRule
from proxy.recording.decision import Decision

CODES: Final = {
    400: "invalid_request",
    403: "permission_denied",
    404: "not_found",
    409: "aborted",
    413: "request_entity_too_large",
}
"""As the API words them (protocol reference, 13.2)."""
BINDING: Final = "binding"
HOLDS: Final = "holds"
ERASING: Final = "erasing"
DOOR: Final = "door"
_READS_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Way(StrEnum):
    """What happens to the request."""

    PASS = "pass"  # noqa: S105 - a way, not a word
    REFUSE = "refuse"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a request goes on."""

    way: Way = Way.PASS
    status: int = 0
    """Of a refusal."""
    body: bytes = b""
    """Of a refusal, the answer's; of a rewrite, the request's."""
    decision: Decision | None = None
    """For the record; None: a plain pass."""


PASSES: Final = Verdict()


def decide(asked: Asked, body: bytes, rules: DoorRules, known: Knowledge) -> Verdict:
    """The verdict on a request whose body, as far as it is here, is `body`."""
    if asked.operation == "none":
        return PASSES
    if asked.operation == "unclear":
        why = "this way of asking cannot be checked"
        if not rules.enforces:
            return Verdict(decision=_told("unread", DOOR, f"{why}, and it passed", asked))
        return _refused(400, DOOR, f"{why}: ask for it plainly", asked)
    for found in (_bound(asked, rules, known), _kept(asked, rules, known)):
        if found is not None:
            return found
    if asked.operation == "create":
        return _create(asked, body, rules, known)
    if asked.operation == "other" and asked.method not in {*_READS_NOTHING, "DELETE"}:
        for rule in rules.storage:
            if rule.do is not Do.OBSERVE and _is_about(rule, asked):
                return _refused(400, rule.name, "this call cannot be checked by its rule", asked)
    return PASSES


def _bound(asked: Asked, rules: DoorRules, known: Knowledge) -> Verdict | None:
    if not rules.is_bound:
        return None
    if asked.operation == "create":
        if not asked.is_readable:
            return None  # whether it passes is said there
        strange = [turn for turn in asked.previous if not _is_own(turn, asked, rules, known)]
        return _not_found(asked) if strange else None
    if asked.operation == "other":
        if asked.method == "OPTIONS":
            return None
        return _refused(
            403, BINDING, "only calls that name one interaction are passed on here", asked
        )
    if asked.interaction is None or not _is_own(asked.interaction, asked, rules, known):
        return _not_found(asked)
    return None


def _is_own(interaction: str, asked: Asked, rules: DoorRules, known: Knowledge) -> bool:
    maker = known.maker(interaction)
    if maker is None:
        return not rules.refuses_unknown
    return bool(maker and asked.client and rules.scope_of(maker) == rules.scope_of(asked.client))


def _kept(asked: Asked, rules: DoorRules, known: Knowledge) -> Verdict | None:
    """Holds against a client's DELETE, and new turns behind what is leaving."""
    may_delete = asked.method == "DELETE" or (
        asked.operation == "other" and asked.method not in _READS_NOTHING
    )
    if may_delete and rules.refuses_held_deletes:
        named = asked.interaction if asked.operation == "delete" else None
        if known.is_held(named) if named else known.has_holds():
            why = "this interaction is under a legal hold: it is kept until the hold is released"
            return _refused(400, HOLDS, why, asked, code="failed_precondition")
    if any(known.is_leaving(turn) for turn in asked.previous):
        why = "the interaction that this one goes on from is being deleted"
        return _refused(409, ERASING, why, asked)
    return None


def _create(asked: Asked, body: bytes, rules: DoorRules, known: Knowledge) -> Verdict:
    broken = [(rule, why) for rule in rules.storage for why in _broken(rule, asked)]
    if not asked.is_readable:
        return _unreadable(asked, rules, known, [rule for rule, _ in broken])
    for rule, why in broken:
        if rule.do is Do.REFUSE:
            return _refused(400, rule.name, why, asked)
    for rule, _ in broken:
        if rule.do is Do.REWRITE:
            return _rewritten(asked, body, rule)
    for rule, why in broken:
        return Verdict(decision=_told("observe", rule.name, why, asked))
    return PASSES


def _unreadable(
    asked: Asked, rules: DoorRules, known: Knowledge, broken: list[StorageRule]
) -> Verdict:
    enforced = [rule.name for rule in broken if rule.do is not Do.OBSERVE]
    if rules.is_bound or known.kept.leaving:
        enforced.append(BINDING if rules.is_bound else ERASING)
    if not (enforced or broken):
        return PASSES
    name = (enforced or [broken[0].name])[0]
    what = "is larger than what is looked at" if asked.is_large else "cannot be read"
    may_pass = asked.is_large and rules.passes_large and not rules.is_bound
    if may_pass or not enforced:
        return Verdict(decision=_told("unread", name, f"its body {what}, and it passed", asked))
    return _refused(413 if asked.is_large else 400, name, f"the body {what}", asked)


def _broken(rule: StorageRule, asked: Asked) -> Iterator[str]:
    """What a create does that the rule does not want."""
    if not _is_about(rule, asked):
        return
    if not asked.is_readable:
        yield "it cannot be read"
        return
    if rule.must_not_store and asked.is_stored:
        yield 'requests must say "store": false, once'
    if rule.forbids_background and asked.is_background:
        yield "requests must not run in the background"
    if used := sorted(rule.forbidden_tools & asked.tools):
        yield f"the tool {used[0]} must not be used"


def _is_about(rule: StorageRule, asked: Asked) -> bool:
    is_client = not rule.clients or bool(rule.clients & asked.clients)
    is_model = not rule.models or not asked.is_readable or bool(rule.models & asked.names)
    return is_client and (is_model or asked.operation == "other")


def _rewritten(asked: Asked, body: bytes, rule: StorageRule) -> Verdict:
    if asked.is_background:
        why = 'requests must say "store": false, which does not go with running in the background'
        return _refused(400, rule.name, why, asked)
    if asked.reading is None:
        why = 'requests must say "store": false, and this one cannot be changed: say so in its body'
        return _refused(400, rule.name, why, asked)
    plain = not_stored(asked.reading)
    again = read_body(plain)
    assert again is not None, "it was read before"
    assert set(map(repr, again.all("store"))) == {"False"}, "not what was meant"
    sent = coded(plain, asked.coding)
    told = _told("rewrite", rule.name, "upstream was asked with store false", asked)
    decision = Decision(
        told.decision,
        told.policy,
        told.why,
        None,
        received=hashlib.sha256(body).hexdigest(),
        sent=hashlib.sha256(sent).hexdigest(),
        body=sent,
    )
    return Verdict(Way.REWRITE, body=sent, decision=decision)


def _not_found(asked: Asked) -> Verdict:
    """The same for what is another's and for what nobody made: not a byte tells them apart."""
    error = {"code": CODES[404], "message": "Requested entity was not found."}
    why = "another scope created it, or nobody was seen to: answered as if there were none"
    body = json.dumps({"error": error}).encode()
    return Verdict(Way.REFUSE, 404, body, _told("refuse", BINDING, why, asked))


def _refused(status: int, policy: str, why: str, asked: Asked, *, code: str = "") -> Verdict:
    message = f"interactions-proxy: {why} (policy {policy}); nothing was sent"
    error = {"code": code or CODES[status], "message": message}
    body = json.dumps({"error": error}).encode()
    return Verdict(Way.REFUSE, status, body, _told("refuse", policy, why, asked))


def _told(decision: str, policy: str, why: str, asked: Asked) -> Decision:
    return Decision(decision, policy, why, asked.interaction)
