"""Whether a webhook comes from whom it says. Pure: bytes and the time in, a reason for refusal out.

Two schemes (reference, section 17): registered webhooks are signed with a shared secret as Standard Webhooks has
it, per-request ones carry a JWT (RS256) whose keys upstream publishes.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

WINDOW_S: Final = 300
"""A delivery signed longer ago, or in the future, is a replay (reference, section 17: five minutes)."""
SIGNATURES_MAX: Final = 16
"""Signatures of one delivery looked at: one, two while a secret is rotated."""
KEY_BITS_MIN: Final = 2048
"""RFC 7518, 3.3: a key of RS256 has at least so many."""
EXPONENT_MAX: Final = 2**32
"""65537 is what is used; a huge one would make verifying costly."""
_ID: Final = re.compile(r"[!-~]{1,200}")
_SECONDS: Final = re.compile(r"[0-9]{1,11}")
_PREFIX: Final = "whsec_"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

Keys = Mapping[str, rsa.RSAPublicKey]
"""By key id."""


class Why(enum.StrEnum):
    """Why a delivery is refused. Closed set; doubles as a label."""

    UNSIGNED = "unsigned"
    """A header is missing, or not of its form."""
    STALE = "stale"
    MISMATCH = "mismatch"
    """No signature fits."""
    UNKNOWN_KEY = "unknown_key"
    """Signed with a key that is not published: perhaps not yet known here."""
    AUDIENCE = "audience"
    """Made for another receiver."""
    NOT_COVERED = "not_covered"
    """The token does not say what the body says."""
    TOO_LARGE = "too_large"
    NO_NOTICE = "no_notice"
    """Signed, but not an event."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook as it arrived."""

    id: str
    timestamp_s: int
    signature: str
    body: bytes

    @property
    def is_token(self) -> bool:
        return _TOKEN.fullmatch(self.signature) is not None


def delivery_of(headers: Mapping[str, str], body: bytes) -> Delivery | None:
    """The three headers and the body; None: one is missing or not of its form."""
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signature = headers.get("webhook-signature", "")
    if not (_ID.fullmatch(identity) and _SECONDS.fullmatch(timestamp) and signature):
        return None
    return Delivery(identity, int(timestamp), signature.strip(), body)


def secrets_of(text: str) -> tuple[bytes, ...]:
    """Signing secrets, one a line, with or without their `whsec_`.

    Raises:
        ValueError: a line is none. The text of it is not repeated.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                secret = base64.b64decode(line.strip().removeprefix(_PREFIX), validate=True)
            except binascii.Error:
                raise ValueError(f"line {number} is not a signing secret (whsec_...)") from None
            found.append(secret)
    return tuple(found)


def check_shared(delivery: Delivery, secrets: Sequence[bytes], now_s: float) -> Why | None:
    """Standard Webhooks: HMAC-SHA256 over id, timestamp and body, with any of the secrets. None: it is good."""
    if abs(now_s - delivery.timestamp_s) > WINDOW_S:
        return Why.STALE
    signed = b"%b.%d.%b" % (delivery.id.encode(), delivery.timestamp_s, delivery.body)
    macs = [base64.b64encode(hmac.digest(one, signed, hashlib.sha256)) for one in secrets]
    for word in delivery.signature.split(" ")[:SIGNATURES_MAX]:
        version, _, given = word.partition(",")
        if version == "v1" and any(
            hmac.compare_digest(mac, given.encode("utf-8", "replace")) for mac in macs
        ):
            return None
    return Why.MISMATCH


def key_id(delivery: Delivery) -> str | None:
    """Which key a token says it is signed with; None: not a token of RS256."""
    head = _json(delivery.signature.partition(".")[0])
    if head is None or head.get("alg") != "RS256" or not isinstance(head.get("kid"), str):
        return None
    return str(head["kid"])


def check_token(delivery: Delivery, keys: Keys, audience: str, now_s: float) -> Why | None:
    """A JWT that says what the body says, for us, now. None: it is good."""
    kid = key_id(delivery)
    if kid is None:
        return Why.MISMATCH
    key = keys.get(kid)
    if key is None:
        return Why.UNKNOWN_KEY
    signed, _, signature = delivery.signature.rpartition(".")
    try:
        key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return Why.MISMATCH
    claims = _json(signed.partition(".")[2])
    if claims is None:
        return Why.MISMATCH
    return _check_claims(claims, delivery, audience, now_s)


def _check_claims(
    claims: dict[str, Any], delivery: Delivery, audience: str, now_s: float
) -> Why | None:
    issued_s, expires_s = claims.get("iat", delivery.timestamp_s), claims.get("exp")
    if not isinstance(issued_s, int) or abs(now_s - issued_s) > WINDOW_S:
        return Why.STALE
    if expires_s is not None and not (isinstance(expires_s, int) and now_s < expires_s):
        return Why.STALE
    meant = claims.get("aud")
    if audience and audience not in (meant if isinstance(meant, list) else [meant]):
        return Why.AUDIENCE
    # The token signs itself, not the body: only what both say counts.
    said = _object(delivery.body)
    if said is None or claims.get("jti", delivery.id) != delivery.id:
        return Why.NOT_COVERED
    is_covered = all(claims.get(name) == said.get(name) for name in ("type", "data"))
    return None if is_covered and "type" in claims else Why.NOT_COVERED


def keys_of(body: bytes) -> dict[str, rsa.RSAPublicKey]:
    """The RSA keys of a published key set (RFC 7517); what is not usable is left out."""
    told = _object(body)
    keys: dict[str, rsa.RSAPublicKey] = {}
    listed = told.get("keys") if told else None
    for one in listed if isinstance(listed, list) else ():
        match one:
            case {"kty": "RSA", "kid": str() as kid, "n": str() as n, "e": str() as e}:
                key = _key(n, e)
                if key is not None and one.get("alg", "RS256") == "RS256":
                    keys[kid] = key
    return keys


def _key(n: str, e: str) -> rsa.RSAPublicKey | None:
    try:
        modulus, exponent = (int.from_bytes(_decoded(text), "big") for text in (n, e))
        if modulus.bit_length() < KEY_BITS_MIN or exponent > EXPONENT_MAX:
            return None
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except (ValueError, binascii.Error):
        return None


def _json(part: str) -> dict[str, Any] | None:
    try:
        return _object(_decoded(part))
    except (ValueError, binascii.Error):
        return None


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
