"""When our own copies are to be erased by policy, counted by day. Pure but for reading the policies' file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from proxy.audit.ledger.notice import stood, told_standings, with_notice
from proxy.audit.ledger.policies import POLICIES_BYTES_MAX, policies_from, policies_text
from proxy.audit.retention.policy import Policy, Subject, indexed, tools_of, verdict
from proxy.errors import ConfigError

MacOf = Callable[[str], str | None]
"""The blind index of a label."""


def policies_in(file: Path | None, mac_of: MacOf) -> tuple[Policy, ...]:
    """The policies as the file has them now; none where there is no file.

    Raises:
        ConfigError: it cannot be used.
    """
    if file is None:
        return ()
    try:
        with file.open("rb") as opened:
            text = policies_text(opened.read(POLICIES_BYTES_MAX + 1), file.name)
    except OSError as error:
        raise ConfigError(f"cannot read retention.policies_file: {error}") from error
    return indexed(policies_from(text, file.name), mac_of)


def noticed(
    policies: Iterable[Policy], told: Iterable[object], now_ns: int, notice_ns: int
) -> tuple[Policy, ...]:
    """The policies with the notice that the steward gives, by what stands on record.

    Args:
        policies: as the file has them now, labels as the records have them.
        told: data of the acts of `policies_told`, in order.
        now_ns: since when what is not on record stands.
        notice_ns: `retention.notice_hours`.
    """
    wanted = tuple(policies)
    return with_notice(wanted, stood(told_standings(told), wanted, now_ns), notice_ns)


def duties_by_day(
    policies: Iterable[Policy], groups: Iterable[Mapping[str, Any]]
) -> dict[dt.date, Counter[str]]:
    """How many copies are to be erased here on which day (UTC), by the policy that says so.

    Args:
        policies: with labels as the records have them.
        groups: client, labels, model, agent, tools (types of steps), began_us, count.
    """
    wanting = tuple(policies)
    found: dict[dt.date, Counter[str]] = {}
    if all(each.erase_local_after_s is None for each in wanting):
        return found
    for group in groups:
        subject = Subject(
            client=group["client"],
            labels=frozenset(filter(None, (group["labels"] or "").split(","))),
            models=frozenset(name for name in (group["model"], group["agent"]) if name),
            tools=tools_of((group["tools"] or "").split(",")),
        )
        duty = verdict(wanting, subject, group["began_us"] * 1000).erase_local
        if duty is not None and (day := _day(duty.at)) is not None:
            found.setdefault(day, Counter())[duty.policy] += group["count"]
    return found


def _day(at_ns: int) -> dt.date | None:
    try:
        return dt.datetime.fromtimestamp(at_ns / 1e9, dt.UTC).date()
    except (OverflowError, ValueError, OSError):
        return None
