from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.policing.asked import asked_from
from proxy.audit.policing.decide import Verdict, Way, decide
from proxy.audit.policing.knowledge import Kept, Knowledge
from proxy.audit.policing.rules import Do, DoorRules, StorageRule
from tests.audit.policing.questions import ANN, BOB, CREATE, asked, created, head

NO_STORAGE = StorageRule(name="no-storage", must_not_store=True)
BOUND = DoorRules(is_bound=True)


def ruled(do: Do = Do.REFUSE, **more: Any) -> DoorRules:
    return DoorRules(storage=(StorageRule(name="rule", do=do, **more),))


def on_create(
    body: object, rules: DoorRules, *lines: str, known: Knowledge | None = None
) -> Verdict:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decide(created(data, *lines), data, rules, Knowledge() if known is None else known)


def knowing() -> Knowledge:
    known = Knowledge()
    known.created("v1_ann", ANN)
    known.created("v1_bob", BOB)
    return known


def test_a_request_that_keeps_to_the_rules_passes_without_a_record() -> None:
    rules = ruled(must_not_store=True, forbids_background=True)
    assert on_create({"store": False, "model": "m"}, rules) == Verdict()
    assert on_create({"model": "m"}, DoorRules()) == Verdict()


@pytest.mark.parametrize(
    ("rule", "body", "why"),
    [
        ({"must_not_store": True}, {"model": "m"}, '"store": false'),
        ({"must_not_store": True}, b'{"store":false,"store":true}', '"store": false'),
        ({"forbids_background": True}, {"background": True}, "background"),
        (
            {"forbidden_tools": {"google_search"}},
            {"tools": [{"googleSearch": {}}]},
            "google_search",
        ),
        ({"must_not_store": True}, b"{'store': false}", "cannot be read"),
    ],
)
def test_a_broken_rule_refuses_in_the_shape_of_the_api(
    rule: dict[str, Any], body: object, why: str
) -> None:
    verdict = on_create(body, ruled(**rule))

    assert (verdict.way, verdict.status) == (Way.REFUSE, 400)
    error = json.loads(verdict.body)["error"]
    assert error["code"] == "invalid_request"
    assert why in error["message"]
    assert "policy rule" in error["message"]
    assert verdict.decision is not None
    assert (verdict.decision.decision, verdict.decision.policy) == ("refuse", "rule")


def test_a_rule_is_about_its_clients_and_models_alone() -> None:
    only_bob = ruled(must_not_store=True, clients=frozenset({BOB}))
    assert on_create({}, only_bob) == Verdict()
    assert on_create({}, only_bob, f"Authorization: fp:{BOB}").way is Way.REFUSE
    only_m = ruled(must_not_store=True, models=frozenset({"m"}))
    assert on_create({"model": "n"}, only_m) == Verdict()
    assert on_create({"model": "models/m"}, only_m).way is Way.REFUSE
    assert on_create(b'{"model":"n","model":"m"}', only_m).way is Way.REFUSE
    assert on_create(b"{", only_m).way is Way.REFUSE, "which model it means cannot be read"


def test_what_is_observed_passes_and_is_told() -> None:
    verdict = on_create({}, ruled(Do.OBSERVE, must_not_store=True))
    assert verdict.way is Way.PASS
    assert verdict.decision is not None
    assert verdict.decision.decision == "observe"


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_rewrite_changes_store_alone_and_keeps_both_digests(coding: str) -> None:
    data = plain = b'{"input":"hi", "store":true}'
    lines = []
    if coding:
        data, lines = gzip.compress(plain), ["Content-Encoding: gzip"]

    verdict = on_create(data, ruled(Do.REWRITE, must_not_store=True), *lines)

    assert verdict.way is Way.REWRITE
    sent = gzip.decompress(verdict.body) if coding else verdict.body
    assert sent == b'{"input":"hi", "store":false}'
    decision = verdict.decision
    assert decision is not None
    assert decision.received == hashlib.sha256(data).hexdigest()
    assert decision.sent == hashlib.sha256(verdict.body).hexdigest()
    assert decision.body == verdict.body


def test_what_cannot_be_rewritten_is_refused() -> None:
    rules = ruled(Do.REWRITE, must_not_store=True)
    for body, *lines in (
        ({"background": True},),
        ({}, "Content-MD5: x"),
        (b"{",),
    ):
        assert on_create(body, rules, *lines).way is Way.REFUSE


def test_of_several_rules_the_strictest_wins() -> None:
    rules = DoorRules(
        storage=(
            StorageRule(name="a", must_not_store=True, do=Do.OBSERVE),
            StorageRule(name="b", must_not_store=True, do=Do.REWRITE),
            StorageRule(name="c", forbids_background=True),
        )
    )
    assert on_create({}, rules).way is Way.REWRITE
    assert on_create({"background": True}, rules).way is Way.REFUSE


@pytest.mark.parametrize(
    ("large", "way", "decision"), [("pass", Way.PASS, "unread"), ("refuse", Way.REFUSE, "refuse")]
)
def test_what_is_too_large_passes_or_not_as_configured(large: str, way: Way, decision: str) -> None:
    question = asked_from(head("POST", CREATE), b'{"input":"', is_whole=False)
    passes = large == "pass"
    rules = DoorRules(storage=(NO_STORAGE,), passes_large=passes)
    verdict = decide(question, b'{"input":"', rules, Knowledge())
    assert verdict.way is way
    assert verdict.decision is not None
    assert verdict.decision.decision == decision
    assert verdict.status in {0, 413}
    assert decide(question, b"", DoorRules(), Knowledge()) == Verdict()


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1beta/interactions/{}"),
        ("GET", "/v1beta/interactions/{}?stream=true&last_event_id=e"),
        ("POST", "/v1beta/interactions/{}/cancel"),
        ("DELETE", "/v1beta/interactions/{}"),
    ],
)
def test_only_its_maker_reaches_an_interaction_and_others_see_what_a_random_id_shows(
    method: str, target: str
) -> None:
    known = knowing()
    own = decide(asked(method, target.format("v1_ann")), b"", BOUND, known)
    foreign = decide(asked(method, target.format("v1_bob")), b"", BOUND, known)
    random = decide(asked(method, target.format("v1_xyz")), b"", BOUND, known)

    assert own == Verdict()
    assert (foreign.way, foreign.status) == (Way.REFUSE, 404)
    assert (foreign.status, foreign.body) == (random.status, random.body)
    assert json.loads(foreign.body)["error"]["code"] == "not_found"


def test_nobody_goes_on_from_another_ones_turn() -> None:
    own = on_create({"previous_interaction_id": "v1_ann"}, BOUND, known=knowing())
    foreign = on_create({"previous_interaction_id": "v1_bob"}, BOUND, known=knowing())
    both = b'{"previous_interaction_id":"v1_ann","previousInteractionId":"v1_bob"}'

    assert own == Verdict()
    assert foreign.status == 404
    assert on_create(both, BOUND, known=knowing()).status == 404
    assert on_create(b"{", BOUND, known=knowing()).way is Way.REFUSE


def test_a_scope_shares_and_nobody_is_no_scope() -> None:
    known = knowing()
    known.created("v1_none", None)
    shared = DoorRules(is_bound=True, scopes={ANN: "team", BOB: "team"})
    assert decide(asked("GET", "/v1/interactions/v1_bob"), b"", shared, known) == Verdict()
    nobody = asked_from(b"GET /v1/interactions/v1_none HTTP/1.1\r\n\r\n", b"")
    assert decide(nobody, b"", BOUND, known).status == 404
    lenient = DoorRules(is_bound=True, refuses_unknown=False)
    assert decide(asked("GET", "/v1/interactions/v1_xyz"), b"", lenient, known) == Verdict()


def test_bound_callers_may_not_list() -> None:
    assert decide(asked("GET", "/v1beta/interactions"), b"", BOUND, Knowledge()).status == 403
    assert decide(asked("HEAD", "/v1/interactions/v1_a"), b"", BOUND, Knowledge()).status == 403
    assert decide(asked("OPTIONS", "/v1/interactions"), b"", BOUND, Knowledge()) == Verdict()


def test_a_held_interaction_is_not_deleted_and_the_caller_hears_why() -> None:
    known = Knowledge()
    known.keep(Kept({"v1_a": False}, frozenset()))
    rules = DoorRules(refuses_held_deletes=True)

    held = decide(asked("DELETE", "/v1beta/interactions/v1_a"), b"", rules, known)

    assert held.status == 400
    error = json.loads(held.body)["error"]
    assert error["code"] == "failed_precondition"
    assert "legal hold" in error["message"]
    assert held.decision is not None
    assert (held.decision.policy, held.decision.interaction) == ("holds", "v1_a")
    for free in ("v1_b", "v1_c"):
        path = f"/v1beta/interactions/{free}"
        assert decide(asked("DELETE", path), b"", rules, known) == Verdict()
    assert decide(asked("GET", "/v1beta/interactions/v1_a"), b"", rules, known) == Verdict()
    assert decide(asked("DELETE", "/v1beta/interactions"), b"", rules, known).status == 400
    off = decide(asked("DELETE", "/v1beta/interactions/v1_a"), b"", DoorRules(), known)
    assert off == Verdict()


def test_nobody_goes_on_from_what_is_being_deleted() -> None:
    known = Knowledge()
    known.keep(Kept({}, frozenset({"v1_a"})))

    late = on_create({"previous_interaction_id": "v1_a"}, DoorRules(), known=known)

    assert late.status == 409
    assert json.loads(late.body)["error"]["code"] == "aborted"
    assert on_create({"previous_interaction_id": "v1_b"}, DoorRules(), known=known) == Verdict()


@pytest.mark.parametrize(
    "target", ["/v1beta/%69nteractions/v1_a", "/batch/v1", "/v1/a/../interactions"]
)
def test_what_is_unclear_is_refused(target: str) -> None:
    for rules in (BOUND, DoorRules(storage=(NO_STORAGE,)), DoorRules(refuses_held_deletes=True)):
        assert decide(asked("DELETE", target), b"", rules, Knowledge()).status == 400


def test_what_is_unclear_passes_on_record_where_rules_only_observe() -> None:
    verdict = decide(asked("POST", "/batch"), b"", ruled(Do.OBSERVE), Knowledge())

    assert verdict.way is Way.PASS
    assert verdict.decision is not None
    assert verdict.decision.decision == "unread"


def test_a_body_too_large_to_look_at_is_no_way_round_binding() -> None:
    question = asked_from(head("POST", CREATE), b'{"input":"', is_whole=False)
    rules = DoorRules(is_bound=True, passes_large=True)
    assert decide(question, b'{"input":"', rules, Knowledge()).status == 413


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v1beta/interactions:batchDelete"),
        ("POST", "/google.ai.InteractionService/DeleteInteraction"),
        ("PATCH", "/v1beta/interactions/v1_ann"),
    ],
)
def test_while_something_is_held_no_call_passes_that_may_delete(method: str, target: str) -> None:
    rules, known = DoorRules(refuses_held_deletes=True), Knowledge()
    assert decide(asked(method, target), b"", rules, known) == Verdict()
    known.keep(Kept({"v1_ann": False}, frozenset()))
    assert decide(asked(method, target), b"", rules, known).status == 400


def test_a_turn_is_anothers_in_any_spelling() -> None:
    rules = DoorRules(is_bound=True, refuses_unknown=False)
    for said in ("v1_bob", " v1_bob", "interactions/v1_bob"):
        verdict = on_create({"previous_interaction_id": said}, rules, known=knowing())
        assert verdict.status == 404


@given(
    st.sampled_from(["POST", "GET", "DELETE", "PATCH"]),
    st.text(alphabet="/%:.;interactions2569v1beta_$rpc\\?=&", max_size=40),
    st.binary(max_size=80),
)
def test_no_request_makes_deciding_fail_and_none_reaches_anothers_interaction(
    method: str, tail: str, body: bytes
) -> None:
    rules = DoorRules(storage=(NO_STORAGE,), is_bound=True, refuses_held_deletes=True)
    question = asked_from(head(method, "/v1beta/interactions/v1_bob" + tail), body)

    verdict = decide(question, body, rules, knowing())

    assert verdict.way is Way.REFUSE
