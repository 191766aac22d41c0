"""`retention`, `due`, `receipts`, `forecast`: the ledger of copies for people and for machines."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proxy.audit.ledger.fold import copy_of, interval_of, residues_of, subject_of
from proxy.audit.ledger.locks import Locks, kept, told_locks
from proxy.audit.ledger.notice import stood, told_standings, with_notice
from proxy.audit.ledger.policies import POLICIES_BYTES_MAX, policies_from, policies_text
from proxy.audit.ledger.rows import CopyRow, EventRow
from proxy.audit.retention.cascade import Forest
from proxy.audit.retention.clocks import Tier
from proxy.audit.retention.policy import Policy, indexed, never_stored, verdict
from proxy.audit.retention.states import FINAL
from proxy.errors import ConfigError
from proxy.journal.keys import MasterKey
from proxy.reading.accounts.tabling import Form, write_rows
from proxy.reading.disposal.own import own_copy
from proxy.reading.disposal.verify_receipts import fault
from proxy.reading.erasing.asked import NoRecorder, asked
from proxy.reading.layout import terminal
from proxy.reading.snapshot import open_facts
from proxy.recording.secrecy.labels import label_mac
from proxy.store import queries
from proxy.store.erasing.label_key import label_index

DONE: Final = 0
FOUND_A_PROBLEM: Final = 1
ROWS_MAX: Final = 10_000
"""Of one list; who wants all asks the tables: audit.retention."""
_PAGE: Final = 1000
_AT_GOOGLE: Final = "disposal_candidates"
_THERE: Final = "delete at Google"
_NO_KEY: Final = "waits, the steward has no key of this client"
_FINALS: Final = sorted(str(state) for state in FINAL)


@dataclass(frozen=True, slots=True)
class Where:
    """Whose records, and what is said of the project at Google."""

    data_folder: Path
    master_file: Path | None = None
    tier: Tier = Tier.UNKNOWN
    days: int | None = None
    policies_file: Path | None = None
    notice_ns: int = 0

    def policies(self) -> tuple[Policy, ...]:
        """Raises ConfigError: the file cannot be used."""
        if self.policies_file is None:
            return ()
        try:
            with self.policies_file.open("rb") as opened:
                read = opened.read(POLICIES_BYTES_MAX + 1)
        except OSError as error:
            raise ConfigError(
                f"cannot read retention.policies_file {self.policies_file}: {error}"
            ) from error
        name = str(self.policies_file)
        found = policies_from(policies_text(read, name), name)
        if not any(policy.labels for policy in found):
            return found
        keys = self.data_folder / "keys"
        master = self.master_file or keys / "master.key"
        if not master.exists():  # nothing was recorded here: no label is met
            return found
        index = label_index(keys, MasterKey.load_or_create(master))
        return indexed(found, lambda label: label_mac(index, label))


def retention(where: Where, interaction: str | None, now_us: int, form: Form) -> int:
    """One copy with all its clocks, our own among them, or all copies. Raises StoreError, ConfigError."""
    if interaction is None:
        _write(_listed(where, "retention_all", limit=ROWS_MAX), form)
        return DONE
    with open_facts(where.data_folder, where.master_file) as facts:
        found = _clocks(facts, where, interaction, now_us)
    if not found:
        terminal.say(
            "no interaction of this id is on record: give the whole id, as `list` shows it"
        )
        return FOUND_A_PROBLEM
    write_rows(("copy", "from", "until", "says"), found, form)
    return DONE


def dry_run(where: Where, now_us: int, form: Form) -> int:
    """What the policies want now, of every copy: nothing is done. Raises StoreError, ConfigError."""
    # What is gone there, or was never there, may be here all the same.
    rows = _duties(where, now_us, _AT_GOOGLE, "disposal_kept")
    write_rows(("interaction", "due_at", "policy", "what"), rows, form)
    return DONE


def _duties(where: Where, now_us: int, *statements: str) -> list[tuple[Any, ...]]:
    """Of each copy that these find: when, by which policy, what. At most about ROWS_MAX."""
    rows: list[tuple[Any, ...]] = []
    if not where.policies():
        return rows
    with open_facts(where.data_folder, where.master_file) as facts:
        wanting = _Wanting(*_standing(facts, where, now_us), now_us)
        held = [row["interaction"] for row in queries.dicts(facts, "disposal_holds")[1]]
        scope = _scope(facts)
        there: set[str] = set()
        for name in statements:
            for copies in _pages(facts, name, now_us):
                if len(rows) >= ROWS_MAX:
                    break
                roots = sorted({copy.root for copy in copies})
                turns = queries.dicts(facts, "disposal_turns", roots=roots)[1] if roots else []
                forest = Forest({turn["interaction"]: turn["previous"] for turn in turns})
                wanting.held = forest.protected(held)
                for copy in copies:
                    if copy.interaction in there:
                        continue
                    is_there = name == _AT_GOOGLE
                    if is_there:
                        there.add(copy.interaction)
                    is_out = scope is not None and copy.client not in scope
                    for each in wanting.of(copy, is_there=is_there):
                        waits = is_out and each[3] == f"{_THERE}: now"
                        rows.append((*each[:3], f"{_THERE}: {_NO_KEY}") if waits else each)
    return rows


def due(where: Where, now_us: int, within_s: int, form: Form) -> int:
    """Duties up to then, and what waits for a person; 1 if something is overdue and not held. Raises StoreError."""
    until_us = now_us + within_s * 1_000_000
    found = _listed(where, "retention_due", finals=_FINALS, until_us=until_us, limit=ROWS_MAX)
    _write(found, form)
    now = _instant(now_us * 1000)
    is_late = any(
        row["needs_person"] or ((row["due_at"] or now) < now and not row["is_held"])
        for row in found[1]
    )
    return FOUND_A_PROBLEM if is_late else DONE


def forecast(where: Where, now_us: int, within_s: int, form: Form) -> int:
    """What becomes unusable, stays too long, or is overdue. Raises StoreError."""
    until_us = now_us + within_s * 1_000_000
    wanted_until: dict[str, object] = {"now_us": now_us, "until_us": until_us}
    names, rows = _listed(
        where, "retention_forecast", finals=_FINALS, limit=ROWS_MAX, **wanted_until
    )
    overdue = {row["interaction"] for row in rows if row["what"] == "overdue"}
    for wanted in _duties(where, now_us, _AT_GOOGLE):
        interaction, at, policy, what = wanted
        if what.startswith(_THERE) and not what.endswith(("held", _NO_KEY)):
            note = f"policy {policy} deletes it at Google: it cannot be continued from here then"
            if at <= _instant(until_us * 1000) and interaction not in overdue:
                rows.append(dict(zip(names, ("deletion", interaction, at, note), strict=True)))
    rows.sort(key=lambda row: (row["happens_at"] or _instant(0), row["what"], row["interaction"]))
    _write((names, rows[:ROWS_MAX]), form)
    return DONE


def receipts(where: Where, interaction: str | None, form: Form, *, verify: bool) -> int:
    """Receipts, the latest first; JSON is as verify_receipts.py takes it. 1: one is not good. Raises StoreError."""
    with open_facts(where.data_folder, where.master_file) as facts:
        _, found = queries.dicts(facts, "receipts_told", interaction=interaction, limit=ROWS_MAX)
    key = public_key(where.data_folder) if verify else None
    faults = [fault(row["data"], key) if verify else None for row in found]
    if form is Form.JSON:
        for row in found:
            told = {"interaction": row["interaction"], **json.loads(row["data"])}
            sys.stdout.write(terminal.safe_json(json.dumps(told)) + "\n")
    else:
        write_rows(
            ("interaction", "made_at", "outcome", "verified", "may be left", "receipt"),
            [
                receipt_row(row, said, verify=verify)
                for row, said in zip(found, faults, strict=True)
            ],
            form,
        )
    return FOUND_A_PROBLEM if any(faults) else DONE


def public_key(data_folder: Path) -> str | None:
    """The key of this installation, hexadecimal; None: it has made no receipt yet."""
    path = data_folder / "keys" / "receipts.key"
    if not path.exists():
        return None
    return (
        Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        .public_key()
        .public_bytes_raw()
        .hex()
    )


def receipt_row(row: dict[str, Any], said: str | None, *, verify: bool) -> tuple[Any, ...]:
    """One receipt in columns; that nothing is left is said only where the receipt says so."""
    body = json.loads(row["data"])["receipt"]
    left = ", ".join(sorted({one["kind"] for one in body["not_reached"]}))
    if not left and not body["nothing_left"]:
        left = "the copy itself"
    good = said or ("good" if verify else "not checked")
    made = _instant(row["made_us"] * 1000)
    return row["interaction"], made, body["outcome"], body["is_verified"], left or "nothing", good


def _listed(
    where: Where, name: str, **parameters: object
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Columns and rows of a statement: of the recorder that runs, for a copy of a large file takes seconds; else of the file."""
    try:
        asked(where.data_folder, "/flush", {})
        told = asked(where.data_folder, "/query", {"name": name, "parameters": parameters})
    except NoRecorder:
        with open_facts(where.data_folder, where.master_file) as facts:
            return queries.dicts(facts, name, **parameters)
    names = tuple(told["columns"])
    return names, [
        {column: _as_kept(column, value) for column, value in zip(names, row, strict=True)}
        for row in told["rows"]
    ]


def _as_kept(column: str, value: Any) -> Any:
    """Instants are texts in the recorder's answer."""
    if value is None or not (column.endswith("_at") or column.startswith("expires_")):
        return value
    return dt.datetime.fromisoformat(value).replace(tzinfo=None)


def _clocks(
    facts: duckdb.DuckDBPyConnection, where: Where, interaction: str, now_us: int
) -> list[tuple[Any, ...]]:
    """Google's copy first, then the copies beside it, then ours."""
    _, rows = queries.dicts(facts, "disposal_copies", interactions=[interaction])
    _, told = queries.dicts(facts, "disposal_events", interactions=[interaction])
    found: list[tuple[Any, ...]] = []
    for row in (CopyRow(**each) for each in rows):
        copy = copy_of(row, [EventRow(**each) for each in told])
        interval = interval_of(row, copy, (where.tier, where.days), skew_ns=0)
        says = f"{copy.evidence}, {copy.disposal}: {'; '.join(interval.basis)}"
        found.append(("interaction", _instant(interval.earliest), _instant(interval.latest), says))
        for one in residues_of(row):
            until = None if one.until is None else _instant(one.until)
            name = f"{one.kind} {one.name}".strip()
            found.append((name, None, until, "assumed" if one.is_assumed else "documented"))
        policies, locks = _standing(facts, where, now_us)
        (own,) = queries.dicts(facts, "own_copy_of", interaction=interaction)[1]
        found.append(own_copy(row, own, policies, locks, now_us))
    return found


def _standing(
    facts: duckdb.DuckDBPyConnection, where: Where, now_us: int
) -> tuple[tuple[Policy, ...], Locks]:
    """The policies of the file, each with its notice, and what is locked whatever it says."""
    told = [json.loads(row["data"]) for row in queries.dicts(facts, "policies_told")[1]]
    policies = where.policies()
    standings = stood(told_standings(told), policies, now_us * 1000)
    locks = told_locks(json.loads(row["data"]) for row in queries.dicts(facts, "locks_told")[1])
    return with_notice(policies, standings, where.notice_ns), locks


def _scope(facts: duckdb.DuckDBPyConnection) -> frozenset[str] | None:
    """Fingerprints of the clients whose copies the steward can reach; None: none ever ran."""
    for row in queries.dicts(facts, "health_steward")[1]:
        return frozenset(json.loads(row["scope"] or "[]"))
    return None


def _pages(facts: duckdb.DuckDBPyConnection, name: str, now_us: int) -> Iterator[Sequence[CopyRow]]:
    """Copies that this statement finds, a page at a time."""
    given: dict[str, Any] = {"cutoff_us": now_us, "rules": None, "after": "", "limit": _PAGE}
    if name == _AT_GOOGLE:
        given |= {"scope": None, "finals": _FINALS}
    while True:
        names = [row["interaction"] for row in queries.dicts(facts, name, **given)[1]]
        if names:
            found = queries.dicts(facts, "disposal_copies", interactions=names)[1]
            yield [CopyRow(**row) for row in found]
        if len(names) < _PAGE:
            return
        given["after"] = names[-1]


@dataclass(slots=True)
class _Wanting:
    """What policies want of one copy after the other."""

    policies: Sequence[Policy]
    locks: Locks
    now_us: int
    held: frozenset[str] = frozenset()

    def of(self, row: CopyRow, *, is_there: bool) -> Iterator[tuple[Any, ...]]:
        """Id, when, by which policy, what. `is_there`: a copy may be at Google."""
        copy, subject = copy_of(row, []), subject_of(row)
        wants = verdict(self.policies, subject, copy.began_at)
        if is_there and (never := never_stored(self.policies, subject)) is not None:
            what = "store nothing here: of the next one like it"
            yield row.interaction, _instant(copy.began_at), never, what
        times = (copy.began_at, row.seen_us * 1000)
        keeps = None if row.is_erased else kept(self.policies, self.locks, subject, times)
        if keeps is not None and keeps.at > self.now_us * 1000:
            locked = kept((), self.locks, subject, times)
            is_locked = locked is not None and locked.at == keeps.at
            what = f"keep here: until then nobody erases it{'' if is_locked else ', unless it is set aside'}"
            yield row.interaction, _instant(keeps.at), keeps.policy, what
        for what, duty in (
            (_THERE, wants.delete_upstream if is_there else None),
            ("erase here", None if row.is_erased else wants.erase_local),
        ):
            if duty is not None:
                at = duty.at if what == _THERE or keeps is None else max(duty.at, keeps.at)
                stage = "now" if at <= self.now_us * 1000 else "later"
                stage = "held" if row.interaction in self.held else stage
                yield row.interaction, _instant(at), duty.policy, f"{what}: {stage}"


def _write(found: tuple[tuple[str, ...], list[dict[str, Any]]], form: Form) -> None:
    names, rows = found
    write_rows(names, [tuple(row.values()) for row in rows], form)


def _instant(at_ns: int) -> dt.datetime:
    """As DuckDB gives them: UTC without a zone."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=at_ns // 1000)  # noqa: DTZ001
