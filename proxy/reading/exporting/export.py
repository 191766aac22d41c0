"""`export --to`: bring an export up to date with the record."""

from __future__ import annotations

import json
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.audit.trail.note import Signer
from proxy.errors import FormatError, StoreError
from proxy.reading.erasing.asked import asked
from proxy.reading.exporting import kept, portions
from proxy.reading.exporting.files import write_rows
from proxy.reading.exporting.manifest import NOTE, FileMade, Manifest, Scope, named_by, sign
from proxy.reading.exporting.targets import LOCK, S3, UNBORN, Target, opened
from proxy.reading.layout import terminal
from proxy.reading.snapshot import open_facts
from proxy.store.schema import views_sql

DONE: Final = 0
TRAIL_KEY: Final = "trail.key"
TOKEN_BYTES: Final = 4
"""Of a run, by chance: two at once in a bucket give no file the same name."""
_OURS: Final = re.compile(
    r"(?:day=\d{4}-\d\d-\d\d/[a-z_]+-\d+(?:-[0-9a-f]{8})?\.(?:parquet|jsonl)"
    r"|manifest-\d+(?:-[0-9a-f]{8})?\.json)"
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who opens content, and why; both are kept in clear."""

    actor: str
    reason: str


@dataclass(slots=True)
class Done:
    """What a run did."""

    manifest: Manifest
    is_new: bool
    """Anything changed."""
    written: list[FileMade] = field(default_factory=list)
    removed_count: int = 0

    def told(self) -> dict[str, Any]:
        manifest = self.manifest
        return {
            "run": manifest.run,
            "is_new": self.is_new,
            "vault": list(manifest.vault),
            "files": len(manifest.files),
            "rows": sum(one.rows for one in manifest.files),
            "written": len(self.written),
            "written_rows": sum(one.rows for one in self.written),
            "written_bytes": sum(one.size for one in self.written),
            "removed": self.removed_count,
        }


def run(
    data_folder: Path,
    place: str,
    scope: Scope,
    *,
    reader: Reader | None = None,
    master_file: Path | None = None,
    as_json: bool = False,
) -> int:
    """Export, and say what was done.

    Args:
        data_folder: whose records.
        place: a folder, or s3://bucket/prefix.
        scope: of what; that of the runs before.
        reader: with content only.
        master_file: where the master key lies, if not in the data folder.
        as_json: one object on standard output.

    Raises:
        StoreError: nothing was recorded, the target refuses or holds something else, or nobody runs to write
            down who reads content.
    """
    signer = _signer(data_folder)
    try:
        with opened(place) as target:
            if reader is not None:
                _tell(data_folder, place, scope, reader)
            done = export(data_folder, target, scope, signer, master_file)
    except OSError as error:
        raise StoreError(f"the export to {place} is not up to date: {error}") from error
    told = done.told()
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
        return DONE
    where = terminal.one_line(place)
    if not done.is_new:
        sys.stdout.write(f"{where} is up to date: nothing was recorded since\n")
        return DONE
    sys.stdout.write(
        f"{told['rows']} rows in {told['files']} files in {where}: {told['written']} files "
        f"({told['written_bytes']} bytes) written, {told['removed']} removed\n"
    )
    return DONE


def export(
    data_folder: Path,
    target: Target,
    scope: Scope,
    signer: Signer,
    master_file: Path | None = None,
    now: datetime | None = None,
) -> Done:
    """Write what is new in the days that changed, then the manifest, then remove what it names no more.

    Raises:
        StoreError, OSError: the export is as it was, but for files that no manifest names.
    """
    note, before = _read_before(target, signer, scope)
    removed = _clear(target, before, before)
    with _facts(data_folder, master_file) as (facts, portion):
        this = _as_of(facts, scope, signer, before, now or datetime.now(UTC))
        is_same_code = before is not None and before.views_sha256 == this.views_sha256
        if before is not None and is_same_code and before.vault == this.vault:
            return Done(before, is_new=False, removed_count=removed)
        kept.note_turns(facts, scope)
        days = kept.digests(facts, scope)
        run_ = _Run(facts, portion, target, replace(this, days=days))
        old = before if is_same_code else None
        files = [one for day in days for one in run_.day(day, old)]
    manifest = replace(this, days=days, files=tuple(files), next_number=run_.next_number)
    text = manifest.encode()
    with target.new(manifest.name) as file:
        file.write(text)
    if target.read(NOTE) != note:
        for name in (manifest.name, *(one.name for one in run_.written)):
            target.remove(name)
        raise StoreError("another export to the same place ended meanwhile: run it again")
    with target.new(NOTE) as file:
        file.write(sign(signer, manifest.name, text).encode())
    removed += _clear(target, before, manifest)
    return Done(manifest, is_new=True, written=run_.written, removed_count=removed)


class _Run:
    """The files of one run."""

    def __init__(
        self,
        facts: duckdb.DuckDBPyConnection,
        portion: duckdb.DuckDBPyConnection,
        target: Target,
        manifest: Manifest,
    ) -> None:
        self._facts = facts
        self._portion = portion
        self._target = target
        self._manifest = manifest
        self.next_number = manifest.next_number
        self.written: list[FileMade] = []

    def day(self, day: str, old: Manifest | None) -> Iterator[FileMade]:
        """All files of a day: those of `old` where nothing changed, else new ones."""
        known = old.days.get(day, {}) if old is not None else {}
        for source, digest in self._manifest.days[day].items():
            if old is not None and known.get(source) == digest:
                views = portions.views_of(source)
                yield from (one for one in old.files if one.day == day and one.view in views)
            elif source == kept.TURNS:
                with_content = self._manifest.scope.has_content
                for rows in portions.portions_of_day(self._portion, day, with_content=with_content):
                    yield from self._file(self._portion, day, rows)
            else:
                scope = self._manifest.scope
                for rows in portions.portions_over_time(self._facts, source, day, scope):
                    yield from self._file(self._facts, day, rows)

    def _file(
        self, connection: duckdb.DuckDBPyConnection, day: str, rows: portions.Rows
    ) -> Iterator[FileMade]:
        kind = self._manifest.scope.kind
        name = f"day={day}/{rows.view}-{self.next_number}-{self._manifest.token}.{kind}"
        try:
            written = write_rows(connection, rows.sql, kind, lambda: self._target.new(name))
        except duckdb.Error as error:
            raise StoreError(f"DuckDB failed at {rows.view} of {day}: {error}") from error
        if written is None:
            return
        count, sink = written
        self.next_number += 1
        made = FileMade(name, rows.view, day, count, sink.size, sink.sha256)
        self.written.append(made)
        yield made


@contextmanager
def _facts(
    data_folder: Path, master_file: Path | None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    """The facts, and a database in memory for portions of them."""
    with open_facts(data_folder, master_file, beside="portion") as facts:
        portion = facts.cursor()
        try:
            portion.execute("USE portion")
            portions.make_portion(facts, portion)
            yield facts, portion
        except duckdb.Error as error:
            raise StoreError(f"DuckDB failed at the export: {error}") from error
        finally:
            portion.close()


def _as_of(
    facts: duckdb.DuckDBPyConnection,
    scope: Scope,
    signer: Signer,
    before: Manifest | None,
    now: datetime,
) -> Manifest:
    """The manifest of this run, without its days."""
    row = facts.execute(
        "SELECT file, byte_offset, (SELECT version FROM audit.version) FROM vault_position"
    ).fetchone()
    assert row is not None
    return Manifest(
        scope,
        signer.name,
        1 if before is None else before.run + 1,
        now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        (str(row[0]), int(row[1])),
        int(row[2]),
        sha256(views_sql().encode()).hexdigest(),
        1 if before is None else before.next_number,
        token=secrets.token_hex(TOKEN_BYTES),
    )


def _read_before(
    target: Target, signer: Signer, scope: Scope
) -> tuple[bytes | None, Manifest | None]:
    """The note and the manifest of the run before; nothing of either for the first one."""
    note = target.read(NOTE)
    if note is None:
        odd = [name for name in target.names() if not _is_ours(name)]
        if odd:
            raise StoreError(
                f"there is something else already ({odd[0][:80]}): take an empty place"
            )
        return None, None
    try:
        name = named_by(note.decode("utf-8", "replace"), signer.verifier)
        text = target.read(name.manifest) or b""
        name.check(text)
        before = Manifest.decode(text)
    except FormatError as error:
        raise StoreError(
            f"what lies there is no export of this record: {error}; take an empty place"
        ) from error
    if before.scope != scope:
        raise StoreError(
            f"the export there is another one ({_scope_text(before.scope)}, not {_scope_text(scope)}): "
            "ask for the same, or take an empty place"
        )
    return note, before


def _clear(target: Target, before: Manifest | None, manifest: Manifest | None) -> int:
    """Remove files of ours that `manifest` does not name: those of the one before, and what a run left that was cut off.

    Not what another run may be writing.
    """
    ours = {one for one in target.abandoned() if _OURS.fullmatch(one.removesuffix(UNBORN))}
    count = 0
    for name in sorted((ours | _names(before)) - _names(manifest)):
        target.remove(name)
        count += not name.startswith("manifest-")
    return count


def _names(manifest: Manifest | None) -> set[str]:
    return set() if manifest is None else {manifest.name, *(one.name for one in manifest.files)}


def _is_ours(name: str) -> bool:
    return name in {LOCK, NOTE + UNBORN} or bool(_OURS.fullmatch(name.removesuffix(UNBORN)))


def _scope_text(scope: Scope) -> str:
    days = f"{scope.since or 'the first day'} to {scope.until or 'the last'}"
    return f"{scope.kind}, {days}, {'with' if scope.has_content else 'no'} content"


def _signer(data_folder: Path) -> Signer:
    path = data_folder / "keys" / TRAIL_KEY
    try:
        return Signer.decode(path.read_text("ascii"))
    except FileNotFoundError as error:
        raise StoreError(
            f"no key of a trail at {path}: run `interactions-proxy serve` first"
        ) from error
    except (OSError, UnicodeDecodeError, FormatError) as error:
        raise StoreError(f"{path} holds no key of the trail: {error}") from error


def _tell(data_folder: Path, place: str, scope: Scope, reader: Reader) -> None:
    """Durable before anything is opened, as for every reading of content."""
    data = {
        "export": True,
        "role": "owner",
        "reason": reader.reason,
        "to": "s3" if place.startswith(S3) else "folder",
        "since": scope.since,
        "until": scope.until,
    }
    detail = "an export of all steps with their content began"
    act = {"kind": "access", "detail": detail, "actor": reader.actor, "data": data}
    asked(data_folder, "/acts", {"acts": [act]})
