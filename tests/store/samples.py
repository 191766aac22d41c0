"""Facts to fill the tables with: plain defaults, each test names what it is about."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any, TypeVar

from proxy.recording.facts import (
    ExchangeFact,
    ObservationFact,
    Recording,
    StepFact,
    UsageFact,
)
from proxy.store.position import CommittedFacts, FactBatch, VaultPosition

START_NS = 1_790_000_000_000_000_000
"""2026-09-21 14:13:20 UTC."""
SECOND_NS = 1_000_000_000

_ZERO = {"str": "", "int": 0, "bool": False}
_Fact = TypeVar("_Fact")


def fact(of: type[_Fact], /, **given: Any) -> _Fact:
    """One fact of a class: what is given, else None where it may be, else zero."""
    filled = {
        field.name: None if "None" in str(field.type) else _ZERO[str(field.type)]
        for field in fields(of)  # type: ignore[arg-type]  # every fact is a dataclass
    }
    return of(**{**filled, **given})


def id_hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def step(type_name: str, index: int = 0, side: str = "output", **given: Any) -> StepFact:
    return fact(StepFact, type=type_name, step_index=index, side=side, is_known=True, **given)


def recording(
    sequence: int,
    *,
    how: str = "created",
    interaction: str | None = "v1_one",
    seconds: int = 0,
    http_status: int = 200,
    steps: tuple[StepFact, ...] = (),
    **observed: Any,
) -> Recording:
    """One exchange about one interaction (or none), `seconds` after START_NS."""
    operations = {"created": "create", "read": "get", "resumed": "resume"}
    operations |= {"cancelled": "cancel", "deleted": "delete"}
    name = f"x0-{7:016x}-{sequence}"
    at = START_NS + seconds * SECOND_NS
    exchange = fact(
        ExchangeFact,
        exchange=name,
        sequence=sequence,
        started_at=at - SECOND_NS,
        ended_at=at,
        outcome="complete",
        method="POST" if how == "created" else "GET",
        operation=operations.get(how, how),
        status=http_status,
        interaction=interaction,
        duration_ns=SECOND_NS,
        sdk="google-genai-sdk/3.4.0",
    )
    if interaction is None:
        return Recording(exchange)
    hashed = id_hash(interaction)
    about: dict[str, Any] = {"exchange": name, "interaction": interaction, "id_hash": hashed}
    defaults: dict[str, Any] = {
        "at": at,
        "interaction_id": None if interaction.startswith("exchange:") else interaction,
        "root_hash": hashed,
        "how": how,
        "is_complete": True,
        "store": "inherited" if how == "created" else None,
        "input_step_count": sum(each.side == "input" for each in steps),
        "output_step_count": sum(each.side == "output" for each in steps),
    }
    numbered = tuple(
        replace(each, at=at, content_index=index, **about) for index, each in enumerate(steps)
    )
    observation = fact(ObservationFact, **{**about, **defaults, **observed})
    usage: tuple[UsageFact, ...] = ()
    if observation.total_tokens is not None:
        line = fact(UsageFact, kind="input", modality="text", tokens=observation.total_tokens)
        usage = (replace(line, at=at, **about),)
    return Recording(exchange, observations=(observation,), steps=numbered, usage=usage)


def committed(each: Recording) -> CommittedFacts:
    offset = each.exchange.sequence * 1000
    return CommittedFacts(
        recording=each,
        steps_ref=f"20260921-000001:{offset}" if each.steps else None,
        media_refs=tuple(
            f"20260921-000001:{offset}.{index}" for index in range(len(each.media_facts))
        ),
        raw_ref=f"20260921-000001:{offset + 1}",
    )


def batch(*recordings: Recording, offset: int | None = None) -> FactBatch:
    """One batch whose position lies behind its last exchange."""
    last = max((each.exchange.sequence for each in recordings), default=0)
    end = last * 1000 + 999 if offset is None else offset
    taken = tuple(committed(each) for each in recordings)
    return FactBatch(taken, (), (), VaultPosition("20260921-000001", end))
