"""Registered webhooks: who wants to be told of what, with which secrets (reference, sections 16.1 and 17)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.refusals import Refusal, invalid, not_found
from proxy.emulator.deliveries.notices import EVENTS
from proxy.emulator.deliveries.signing import new_secret, truncated
from proxy.emulator.state.clock import NS, Clock
from proxy.emulator.state.retention import DAY_S

Json: TypeAlias = dict[str, Any]

WEBHOOKS_MAX: Final = 100
"""Webhooks of one emulator; each is told of every event it wants, so more would only be a mistake."""

SECRETS_MAX: Final = 5
"""Secrets of one webhook that sign at a time; a signature header stays below 400 bytes."""

PAGE_MAX: Final = 1000
PAGE_USUAL: Final = 50

STATES: Final = ("enabled", "disabled", "disabled_due_to_failed_deliveries")
UPDATED: Final = ("name", "uri", "subscribed_events", "state")
"""The fields that an update may change."""

GRACE_S: Final = DAY_S
"""After a rotation the secrets before it sign for so long, unless they are to be revoked at once."""

AT_ONCE: Final = "revoke_previous_secrets_immediately"
REVOCATIONS: Final = (AT_ONCE, "revoke_previous_secrets_after_h24")


@dataclass(slots=True)
class Secret:
    """A signing secret; `expires_ns` is set when a rotation has replaced it."""

    text: str
    expires_ns: int | None = None


@dataclass(slots=True)
class Webhook:
    """A registered webhook. Mutable: updates, rotations and failures change it."""

    id: str
    uri: str
    subscribed_events: list[str]
    name: str
    created_s: int
    updated_s: int
    secrets: list[Secret]
    """The newest first."""
    state: str = "enabled"
    reached_ns: int = 0
    """When it last took a delivery."""

    def signing(self, now_ns: int) -> list[str]:
        """The secrets that sign now, the newest first."""
        return [s.text for s in self.secrets if s.expires_ns is None or now_ns < s.expires_ns]


@dataclass(slots=True)
class Registry:
    """The webhooks of one emulator, in the order they were made."""

    clock: Clock
    _webhooks: dict[str, Webhook] = field(default_factory=dict)

    def create(self, given: object, chance: Chance) -> Json:
        """Register one. Its secret is told here and never again.

        Raises:
            Refusal: 400, a field is missing or wrong; 429, there are too many.
        """
        fields = _read(given)
        if missing := [name for name in ("uri", "subscribed_events") if name not in fields]:
            raise invalid(f"{' and '.join(missing)} must be given.")
        if len(self._webhooks) >= WEBHOOKS_MAX:
            message = f"No more than {WEBHOOKS_MAX} webhooks; delete one first."
            raise Refusal(429, message, code="quota_exceeded")
        secret = new_secret(chance)
        now_s = self._now_s()
        webhook = Webhook(
            id=f"wh_{chance.data(10).hex()}",
            uri=fields["uri"],
            subscribed_events=fields["subscribed_events"],
            name=fields.get("name", ""),
            created_s=now_s,
            updated_s=now_s,
            secrets=[Secret(secret)],
        )
        self._webhooks[webhook.id] = webhook
        return self.shown(webhook) | {"new_signing_secret": secret}

    def get(self, identity: str) -> Webhook:
        """The webhook with that id.

        Raises:
            Refusal: 404, there is none.
        """
        webhook = self._webhooks.get(identity)
        if webhook is None:
            raise not_found(f"Webhook {identity}")
        return webhook

    def list(self, page_size: str | None, page_token: str | None) -> Json:
        """One page of them. The token is the id of the next page's first.

        Raises:
            Refusal: 400, no such page.
        """
        if page_size is not None and not (page_size.isascii() and page_size.isdigit()):
            raise invalid("page_size must be a number from 0; 0 is the usual size.")
        size = min(int(page_size or 0) or PAGE_USUAL, PAGE_MAX)
        ids = [*self._webhooks]
        if page_token and page_token not in self._webhooks:
            raise invalid("page_token is not known.")
        first = ids.index(page_token) if page_token else 0
        page = ids[first : first + size]
        answer: Json = {"webhooks": [self.shown(self._webhooks[identity]) for identity in page]}
        if first + size < len(ids):
            answer["next_page_token"] = ids[first + size]
        return answer

    def update(self, identity: str, given: object, mask: str | None) -> Json:
        """Change the fields that the mask names, or all that are given.

        Raises:
            Refusal: 404, there is none; 400, a field is wrong or cannot be changed.
        """
        webhook, fields = self.get(identity), _read(given)
        names = [name.strip() for name in mask.split(",")] if mask else [*fields]
        for name in names:
            if name not in UPDATED or name not in fields:
                raise invalid(f"update_mask: {name} is not given or cannot be changed.")
        for name in names:
            setattr(webhook, name, fields[name])
        webhook.updated_s = self._now_s()
        return self.shown(webhook)

    def delete(self, identity: str) -> None:
        """Forget it: nothing more is sent to it.

        Raises:
            Refusal: 404, there is none.
        """
        self.get(identity)
        del self._webhooks[identity]

    def rotate(self, identity: str, given: object, chance: Chance) -> Json:
        """Give it a new secret; those before it sign for a day more, or not at all.

        Raises:
            Refusal: 404, there is none; 400, an unknown way of revocation.
        """
        webhook = self.get(identity)
        wanted = given.get("revocation_behavior") if isinstance(given, dict) else None
        behavior = wanted.lower() if isinstance(wanted, str) else wanted
        if behavior is not None and behavior not in REVOCATIONS:
            raise invalid(f"revocation_behavior must be one of {', '.join(REVOCATIONS)}.")
        now_ns = self.clock.peek_ns()
        kept = [s for s in webhook.secrets if s.expires_ns is None or now_ns < s.expires_ns]
        for secret in kept:
            secret.expires_ns = secret.expires_ns or now_ns + GRACE_S * NS
        new = Secret(new_secret(chance))
        webhook.secrets = [new, *([] if behavior == AT_ONCE else kept[: SECRETS_MAX - 1])]
        webhook.updated_s = self._now_s()
        return {"secret": new.text}

    def wanting(self, event: str) -> Iterator[Webhook]:
        """The webhooks that are to be told of such an event."""
        for webhook in self._webhooks.values():
            if webhook.state == "enabled" and event in webhook.subscribed_events:
                yield webhook

    def find(self, identity: str) -> Webhook | None:
        """The webhook with that id, if it was not deleted."""
        return self._webhooks.get(identity)

    def shown(self, webhook: Webhook) -> Json:
        """The resource, without any secret."""
        now_ns = self.clock.peek_ns()
        listed = []
        for secret in webhook.secrets:
            if secret.expires_ns is None:
                listed.append({"truncated_secret": truncated(secret.text)})
            elif now_ns < secret.expires_ns:
                expires = timestamp(secret.expires_ns // NS)
                listed.append({"truncated_secret": truncated(secret.text), "expire_time": expires})
        return {
            "id": webhook.id,
            "name": webhook.name,
            "uri": webhook.uri,
            "subscribed_events": webhook.subscribed_events,
            "state": webhook.state,
            "create_time": timestamp(webhook.created_s),
            "update_time": timestamp(webhook.updated_s),
            "signing_secrets": listed,
        }

    def clear(self) -> None:
        self._webhooks.clear()

    def __len__(self) -> int:
        return len(self._webhooks)

    def _now_s(self) -> int:
        return self.clock.peek_ns() // NS


def _read(given: object) -> Json:
    """The fields of a create or an update that are there, checked.

    Raises:
        Refusal: 400, one is wrong.
    """
    if not isinstance(given, dict):
        raise Refusal(400, "Invalid JSON payload received. Expected an object.", shape="rpc")
    fields = {name: given[name] for name in UPDATED if given.get(name) is not None}
    for name in ("name", "uri", "state"):
        if not isinstance(fields.get(name, ""), str):
            raise invalid(f"{name} must be a string.")
    if "uri" in fields:
        check_uri(fields["uri"])
    events = fields.get("subscribed_events", ["interaction.completed"])
    if not isinstance(events, list) or not events or not all(e in EVENTS for e in map(str, events)):
        raise invalid(f"subscribed_events must be a list of {', '.join(sorted(EVENTS))}.")
    if fields.get("state", "enabled") not in STATES:
        raise invalid(f"state must be one of {', '.join(STATES)}.")
    return fields


def check_uri(uri: object) -> None:
    """Refuse what nothing can be sent to.

    Raises:
        Refusal: 400, it is no absolute http or https URI.
    """
    try:
        parts = urlsplit(uri) if isinstance(uri, str) else None
        is_good = parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
        is_good = is_good and (parts is None or parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise invalid("uri must be an absolute http or https URI.")
