"""Signatures of registered webhooks, checked by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac

from proxy.emulator.answers.chance import Chance
from proxy.emulator.deliveries.signing import new_secret, signatures, truncated


def test_a_signature_is_a_mac_over_id_time_and_body_with_the_secret_s_bytes() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()

    signed = signatures([secret], "msg_1", 1_795_600_800, b'{"a": 1}')

    mac = hmac.new(b"k" * 32, b'msg_1.1795600800.{"a": 1}', hashlib.sha256).digest()
    assert signed == "v1," + base64.b64encode(mac).decode()


def test_each_secret_signs() -> None:
    old, new = new_secret(Chance(1, 1)), new_secret(Chance(1, 2))

    both = signatures([new, old], "msg_1", 1, b"x")

    assert both.split(" ") == [signatures([s], "msg_1", 1, b"x") for s in (new, old)]


def test_a_shown_secret_gives_nothing_away() -> None:
    secret = new_secret(Chance(1, 1))

    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert truncated(secret) == secret[:10] + "…"
