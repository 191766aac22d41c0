"""The webhooks' room: answers their calls and the key set's, and has events delivered."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Final

import orjson

from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.refusals import invalid
from proxy.emulator.call import Call
from proxy.emulator.deliveries.keys import key_pair
from proxy.emulator.deliveries.notices import Notice, notice_of, ping_of
from proxy.emulator.deliveries.outbox import Delivery, Outbox
from proxy.emulator.deliveries.registry import Registry, check_uri
from proxy.emulator.deliveries.signing import signatures
from proxy.emulator.state.clock import NS
from proxy.emulator.state.store import Store

URIS_MAX: Final = 10
"""Receivers that one request can name; the service's own limit is not known."""

TOKEN_S: Final = 300
"""A token is good for as long as receivers are told to accept a timestamp (reference, section 17)."""

ISSUER: Final = "https://generativelanguage.googleapis.com"
"""Who tokens say they are from; the claims of real ones are not known."""


class Deliveries:
    """Webhooks and deliveries of one emulator. `run` delivers; nothing is sent before it runs."""

    def __init__(self, store: Store, seed: int, *, delivers_anywhere: bool = False) -> None:
        self.registry = Registry(store.clock)
        self.outbox = Outbox(
            store.clock,
            self.registry,
            self._sign,
            delivers_anywhere=delivers_anywhere,
            before_look=store.end_due,
            next_look_ns=store.next_end_ns,
        )
        self._clock = store.clock
        self._seed = seed
        store.ended = self.ended

    async def run(self) -> None:
        """Deliver until cancelled."""
        await self.outbox.run()

    async def answer(self, call: Call) -> None:
        """Answer a call of the webhooks resource, or for the key set.

        Raises:
            Refusal: the API would not do it.
            ConnectionBroken, ConnectionError: see `Outlet`.
        """
        if call.route.operation == "jwks":
            pair = await asyncio.to_thread(key_pair, self._seed)
            shown = pair.key_set()
        else:
            shown = self._webhooks(call)
        await call.outlet.send(orjson.dumps(shown))

    def ended(self, interaction: Interaction) -> None:
        """A background run has ended: tell whom the request names, else who is registered."""
        notice = notice_of(interaction)
        named = (interaction.request.raw.get("webhook_config") or {}).get("uris")
        if named:
            for uri in dict.fromkeys(named):
                self.outbox.put(_message_id(notice, uri), notice, uri, None)
            return
        for webhook in self.registry.wanting(notice.type):
            self.outbox.put(_message_id(notice, webhook.id), notice, webhook.uri, webhook.id)

    def clear(self) -> None:
        """Forget webhooks, deliveries and the log."""
        self.registry.clear()
        self.outbox.clear()

    def _webhooks(self, call: Call) -> dict[str, Any]:
        registry, identity, query = self.registry, call.route.identity, call.request.query
        match call.route.operation:
            case "webhooks.create":
                return registry.create(call.parsed, call.chance)
            case "webhooks.list":
                return registry.list(query.get("page_size"), query.get("page_token"))
            case "webhooks.get":
                return registry.shown(registry.get(identity))
            case "webhooks.update":
                return registry.update(identity, call.parsed, query.get("update_mask"))
            case "webhooks.delete":
                registry.delete(identity)
            case "webhooks.rotate":
                return registry.rotate(identity, call.parsed, call.chance)
            case "webhooks.ping":
                webhook = registry.get(identity)
                notice = ping_of(identity, self._clock.peek_ns() // NS)
                name = f"msg_{call.chance.data(12).hex()}"
                self.outbox.put(name, notice, webhook.uri, webhook.id)
        return {}

    def _sign(self, delivery: Delivery, now_s: int) -> str:
        if delivery.webhook_id is not None:
            webhook = self.registry.find(delivery.webhook_id)
            secrets = webhook.signing(now_s * NS) if webhook else []
            return signatures(secrets, delivery.id, now_s, delivery.notice.body)
        claims = {
            "iss": ISSUER,
            "aud": delivery.uri,
            "iat": now_s,
            "exp": now_s + TOKEN_S,
            "jti": delivery.id,
        }
        return key_pair(self._seed).token(orjson.loads(delivery.notice.body) | claims)


def check_receivers(config: object) -> None:
    """Refuse a request's `webhook_config` to which nothing could be delivered.

    Raises:
        Refusal: 400, too many `uris` or one that is none.
    """
    uris = (config.get("uris") or []) if isinstance(config, dict) else []
    if len(uris) > URIS_MAX:
        raise invalid(f"webhook_config.uris has at most {URIS_MAX} entries.")
    for uri in uris:
        check_uri(uri)


def _message_id(notice: Notice, receiver: str) -> str:
    """The same for the same event and receiver, so that a seed's run has one outcome."""
    text = f"{notice.about} {notice.type} {receiver}".encode()
    return f"msg_{hashlib.sha256(text).hexdigest()[:24]}"
