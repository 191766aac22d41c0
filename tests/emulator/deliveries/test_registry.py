"""Registered webhooks."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.deliveries import registry as registry_module
from proxy.emulator.deliveries.registry import Registry
from proxy.emulator.state.clock import Clock
from proxy.emulator.state.retention import DAY_S

GIVEN: dict[str, Any] = {
    "uri": "https://example.com/hook",
    "subscribed_events": ["interaction.completed"],
    "name": "mine",
}


@pytest.fixture
def registry() -> Registry:
    return Registry(Clock(1_795_600_800, step_ns=0))


def made(registry: Registry, number: int = 1, **more: Any) -> str:
    return str(registry.create(GIVEN | more, Chance(1, number))["id"])


def test_a_secret_is_told_once(registry: Registry) -> None:
    created = registry.create(GIVEN, Chance(1, 1))
    secret = created.pop("new_signing_secret")

    shown = registry.shown(registry.get(created["id"]))

    assert secret.startswith("whsec_")
    assert shown == created
    assert shown["signing_secrets"] == [{"truncated_secret": secret[:10] + "…"}]
    assert {name: shown[name] for name in GIVEN} == GIVEN
    assert (shown["state"], shown["create_time"]) == ("enabled", "2026-11-25T10:00:00Z")


@pytest.mark.parametrize(
    "wrong",
    [
        {"uri": None},
        {"uri": "example.com"},
        {"uri": "ftp://example.com/"},
        {"uri": "http://"},
        {"uri": "http://x:99999/"},
        {"uri": "http://[::1/"},
        {"uri": 7},
        {"subscribed_events": None},
        {"subscribed_events": []},
        {"subscribed_events": "interaction.completed"},
        {"subscribed_events": ["interaction.began"]},
        {"subscribed_events": [{}]},
        {"name": 7},
        {"state": "asleep"},
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_refused(registry: Registry, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        made(registry, **wrong)
    assert refused.value.status == 400


def test_only_what_the_mask_names_is_changed(registry: Registry) -> None:
    identity = made(registry)
    registry.clock.advance(60)

    shown = registry.update(identity, {"name": "new", "state": "disabled"}, "name")

    assert (shown["name"], shown["state"]) == ("new", "enabled")
    assert shown["update_time"] == "2026-11-25T10:01:00Z"
    assert registry.update(identity, {"state": "disabled"}, None)["state"] == "disabled"


@pytest.mark.parametrize("mask", ["id", "uri", "name,uri", "secrets"])
def test_a_mask_names_fields_that_are_given_and_can_change(registry: Registry, mask: str) -> None:
    identity = made(registry)

    with pytest.raises(Refusal, match="update_mask"):
        registry.update(identity, {"name": "new", "id": "wh_2"}, mask)
    assert registry.get(identity).name == "mine"


def test_only_the_enabled_that_subscribed_want_an_event(registry: Registry) -> None:
    wanting = made(registry)
    made(registry, 2, subscribed_events=["interaction.failed"])
    asleep = made(registry, 3)
    registry.update(asleep, {"state": "disabled"}, None)

    assert [webhook.id for webhook in registry.wanting("interaction.completed")] == [wanting]


def test_a_deleted_webhook_is_gone(registry: Registry) -> None:
    identity = made(registry)
    registry.delete(identity)

    for act in (registry.get, registry.delete):
        with pytest.raises(Refusal) as refused:
            act(identity)
        assert refused.value.status == 404


def test_after_a_rotation_the_old_secret_signs_for_a_day(registry: Registry) -> None:
    identity = made(registry)
    webhook = registry.get(identity)
    (old,) = webhook.signing(registry.clock.peek_ns())

    new = registry.rotate(identity, {}, Chance(1, 2))["secret"]

    assert webhook.signing(registry.clock.peek_ns()) == [new, old]
    assert [set(s) for s in registry.shown(webhook)["signing_secrets"]] == [
        {"truncated_secret"},
        {"truncated_secret", "expire_time"},
    ]
    registry.clock.advance(DAY_S)
    assert webhook.signing(registry.clock.peek_ns()) == [new]
    assert len(registry.shown(webhook)["signing_secrets"]) == 1


@pytest.mark.parametrize(
    "word", ["revoke_previous_secrets_immediately", "REVOKE_PREVIOUS_SECRETS_IMMEDIATELY"]
)
def test_a_secret_can_be_revoked_at_once(registry: Registry, word: str) -> None:
    identity = made(registry)

    new = registry.rotate(identity, {"revocation_behavior": word}, Chance(1, 2))["secret"]

    assert registry.get(identity).signing(registry.clock.peek_ns()) == [new]
    with pytest.raises(Refusal, match="revocation_behavior"):
        registry.rotate(identity, {"revocation_behavior": "later"}, Chance(1, 3))


def test_no_more_than_a_few_secrets_sign(registry: Registry) -> None:
    identity = made(registry)
    for number in range(2, 20):
        registry.rotate(identity, None, Chance(1, number))

    assert len(registry.get(identity).signing(0)) == registry_module.SECRETS_MAX


def test_webhooks_are_listed_page_by_page(registry: Registry) -> None:
    ids = [made(registry, number) for number in range(1, 6)]

    first = registry.list("2", None)
    second = registry.list("2", first["next_page_token"])
    last = registry.list("2", second["next_page_token"])

    pages = [[webhook["id"] for webhook in page["webhooks"]] for page in (first, second, last)]
    assert pages == [ids[:2], ids[2:4], ids[4:]]
    assert "next_page_token" not in last
    for size, token in (("two", None), (None, "wh_x")):
        with pytest.raises(Refusal, match="page_"):
            registry.list(size, token)


def test_there_are_not_too_many(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "WEBHOOKS_MAX", 1)
    made(registry)

    with pytest.raises(Refusal) as refused:
        made(registry, 2)
    assert (refused.value.status, refused.value.code) == (429, "quota_exceeded")
