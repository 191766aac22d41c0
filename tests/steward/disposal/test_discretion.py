"""No credential and no content in what the steward tells: I17 and I18 of the reference, and mutants that break them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, Final

import orjson
import pytest

from proxy.journal.keys import FingerprintKey
from proxy.steward.credential import made
from proxy.steward.disposal.desk import Disposals
from proxy.steward.disposal.reaching import Reach
from tests.steward.disposal.standing import CREDENTIAL, Scene, Upstream

KEY: Final = FingerprintKey(b"k" * 32)
SECRETS: Final = 50


def fingerprints_are_judged() -> None:
    """Equal if and only if the secrets are; and nothing of the secret stands in what is shown."""
    seen: dict[frozenset[str], bytes] = {}
    for seed in range(SECRETS):
        secret = b"AIza-" + Random(seed).randbytes(9).hex().encode() + b"-same-end"
        credential = made(secret, KEY, "")
        assert seen.setdefault(credential.scope, secret) == secret, "two secrets look alike"
        assert made(secret, KEY, "").scope == credential.scope
        told = f"{credential!r} {sorted(credential.scope)}".encode()
        assert secret not in told
        assert not any(
            part in told for part in (secret[:8], secret[-8:], secret[5:13], secret.hex().encode())
        )


def test_a_credential_is_told_by_a_fingerprint_that_only_compares() -> None:
    fingerprints_are_judged()


@pytest.mark.parametrize(
    "mutant",
    [
        lambda _self, secret: secret[:16].decode(),
        lambda _self, secret: secret.hex(),
        lambda _self, secret: secret[-4:].hex(),
        lambda _self, _secret: "0" * 16,
    ],
)
def test_a_fingerprint_that_says_more_or_less_is_found(
    mutant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FingerprintKey, "fingerprint", mutant)

    with pytest.raises(AssertionError):
        fingerprints_are_judged()


class Apart(Scene):
    """Deletions go one way, looks another, on which the gateway writes down no body."""

    def born(self) -> Disposals:
        self.verifier = Upstream()
        self.verifier.there = self.upstream.there
        desk = super().born()
        desk._reach._verifier = self.verifier
        return desk


async def looks_are_judged(folder: Path) -> None:
    scene = Apart(folder, "v1_a", "v1_b")
    scene.upstream.answers["DELETE"] = [None]  # lost: found out by looking
    scene.verifier.date_us = scene.clock.clocks.wall_us
    await scene.work(rounds=20)

    assert {scene.outcome("v1_a"), scene.outcome("v1_b")} == {"deleted_verified"}
    assert {method for method, _ in scene.upstream.asked} == {"DELETE"}, "a body is written down"
    assert {method for method, _ in scene.verifier.asked} == {"GET"}
    told = orjson.dumps(scene.tables.acts, default=str)
    assert CREDENTIAL.value.encode() not in told


async def test_looks_go_where_no_body_is_written_down(tmp_path: Path) -> None:
    await looks_are_judged(tmp_path)


@pytest.mark.parametrize("mutant", ["look", "control", "told"])
async def test_a_look_that_leaves_a_body_or_a_key_is_found(
    mutant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look(self: Reach, row: Any) -> Any:
        return await self._ask(self._gateway, "GET", row)

    control = Reach.control

    async def controlled(self: Reach, *given: Any) -> Any:
        verifier, self._verifier = self._verifier, self._gateway
        try:
            return await control(self, *given)
        finally:
            self._verifier = verifier

    take = Disposals._take

    def taken(self: Disposals, case: Any, event: Any, **more: str) -> None:
        take(self, case, event, **more, by=CREDENTIAL.value)

    mutants: dict[str, tuple[Any, str, Any]] = {
        "look": (Reach, "look", look),
        "control": (Reach, "control", controlled),
        "told": (Disposals, "_take", taken),
    }
    monkeypatch.setattr(*mutants[mutant])

    with pytest.raises(AssertionError):
        await looks_are_judged(tmp_path)
