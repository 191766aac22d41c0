"""Deliveries as the emulator signs them, and everything that may be wrong with one."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.deliveries.keys import key_pair
from proxy.emulator.deliveries.signing import signatures
from proxy.steward.webhooks.signature import (
    WINDOW_S,
    Delivery,
    Why,
    check_shared,
    check_token,
    delivery_of,
    key_id,
    keys_of,
    secrets_of,
)

NOW: Final = 1_795_000_000
BODY: Final = orjson.dumps(
    {"type": "interaction.completed", "version": "v1", "data": {"id": "v1_a"}}
)
SECRET: Final = "whsec_" + base64.b64encode(b"s" * 32).decode()
OLDER: Final = "whsec_" + base64.b64encode(b"o" * 32).decode()
PAIR: Final = key_pair(7)
KEYS: Final = keys_of(orjson.dumps(PAIR.key_set()))
AUDIENCE: Final = "https://hooks.example/x"


def shared(*secrets: str, body: bytes = BODY) -> Delivery:
    return Delivery("msg_1", NOW, signatures(secrets, "msg_1", NOW, body), body)


def token(**more: Any) -> Delivery:
    claims = {"aud": AUDIENCE, "iat": NOW, "exp": NOW + WINDOW_S, "jti": "msg_1"}
    whole = orjson.loads(BODY) | claims | more
    return Delivery(
        "msg_1", NOW, PAIR.token({k: v for k, v in whole.items() if v is not ...}), BODY
    )


def test_a_delivery_signed_with_a_shared_secret_is_good() -> None:
    assert check_shared(shared(SECRET), secrets_of(SECRET), NOW) is None


def test_during_a_rotation_either_secret_will_do() -> None:
    both = shared(SECRET, OLDER)

    assert check_shared(both, secrets_of(OLDER), NOW) is None
    assert check_shared(shared(OLDER), secrets_of(f"{SECRET}\n\n{OLDER}\n"), NOW) is None


@pytest.mark.parametrize("seconds", [-WINDOW_S - 1, WINDOW_S + 1])
def test_a_replay_is_stale(seconds: int) -> None:
    assert check_shared(shared(SECRET), secrets_of(SECRET), NOW + seconds) is Why.STALE
    assert check_token(token(), KEYS, "", NOW + seconds) is Why.STALE


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "msg_2"},
        {"timestamp_s": NOW + 1},
        {"body": BODY + b" "},
        {"signature": "v1,"},
        {"signature": "v2," + shared(SECRET).signature[3:]},
        {"signature": "v1,\u00e9"},
    ],
)
def test_whatever_is_changed_the_signature_fits_no_more(changed: dict[str, Any]) -> None:
    assert check_shared(replace(shared(SECRET), **changed), secrets_of(SECRET), NOW) is Why.MISMATCH


def test_without_a_secret_nothing_is_good() -> None:
    assert check_shared(shared(SECRET), (), NOW) is Why.MISMATCH


def test_a_delivery_with_a_published_key_is_good() -> None:
    assert token().is_token
    assert not shared(SECRET).is_token
    assert check_token(token(), KEYS, AUDIENCE, NOW) is None
    assert check_token(token(aud=["a", AUDIENCE]), KEYS, AUDIENCE, NOW) is None
    assert check_token(token(iat=..., exp=...), KEYS, "", NOW) is None


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"aud": "https://other.example"}, Why.AUDIENCE),
        ({"aud": ...}, Why.AUDIENCE),
        ({"iat": NOW - WINDOW_S - 1}, Why.STALE),
        ({"iat": "now"}, Why.STALE),
        ({"exp": NOW}, Why.STALE),
        ({"jti": "msg_2"}, Why.NOT_COVERED),
        ({"data": {"id": "v1_b"}}, Why.NOT_COVERED),
        ({"data": ...}, Why.NOT_COVERED),
        ({"type": ...}, Why.NOT_COVERED),
    ],
)
def test_a_token_that_says_something_else_is_refused(more: dict[str, Any], why: Why) -> None:
    assert check_token(token(**more), KEYS, AUDIENCE, NOW) is why


def test_a_token_of_another_key_or_another_algorithm_is_refused() -> None:
    head, rest = token().signature.split(".", 1)
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"x"}').rstrip(b"=").decode()
    forged = replace(token(), signature=head + "." + rest[:-8] + "AAAAAAAA")

    assert check_token(token(), {}, "", NOW) is Why.UNKNOWN_KEY
    assert check_token(replace(token(), signature=f"{none}.{rest}"), KEYS, "", NOW) is Why.MISMATCH
    assert check_token(forged, KEYS, "", NOW) is Why.MISMATCH
    assert key_id(shared(SECRET)) is None


def test_small_odd_and_foreign_keys_are_left_out() -> None:
    (good,) = PAIR.key_set()["keys"]
    odd = [
        {**good, "n": good["n"][:100]},
        {**good, "n": "!"},
        {**good, "e": base64.urlsafe_b64encode(b"\xff" * 40).decode()},
        {**good, "alg": "RS512"},
        {"kty": "EC", "kid": "x"},
        "no key",
    ]

    assert keys_of(orjson.dumps({"keys": odd})) == {}
    assert list(keys_of(orjson.dumps({"keys": [*odd, good]}))) == [PAIR.kid]
    assert keys_of(b"[1]") == keys_of(b"{") == keys_of(b'{"keys": 1}') == {}


def test_a_header_that_is_missing_or_odd_makes_no_delivery() -> None:
    good = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "v1,x"}

    assert delivery_of(good, b"") == Delivery("m", 1, "v1,x", b"")
    for name, odd in (
        ("webhook-id", "a b"),
        ("webhook-timestamp", "-1"),
        ("webhook-signature", ""),
    ):
        assert delivery_of(good | {name: odd}, b"") is None
        assert delivery_of({key: value for key, value in good.items() if key != name}, b"") is None


def test_a_line_that_is_no_secret_is_named_by_its_number() -> None:
    with pytest.raises(ValueError, match=r"line 2 is not a signing secret") as refused:
        secrets_of(f"{SECRET}\nwhsec_%%%")

    assert "%%%" not in str(refused.value)


@given(st.text(max_size=300), st.binary(max_size=100))
def test_no_noise_is_taken_for_a_signature(signature: str, body: bytes) -> None:
    noise = Delivery("msg_1", NOW, signature, body)

    assert check_shared(noise, secrets_of(SECRET), NOW) is not None
    assert check_token(noise, KEYS, "", NOW) is not None
