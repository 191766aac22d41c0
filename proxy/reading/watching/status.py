"""`status`: how a proxy on this machine is, from its pages and its recorder; what is wrong, in sentences."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from proxy.config.catalogue import Settings
from proxy.journal.format import Mode
from proxy.journal.page import PageReading, PageView, is_locked, pages
from proxy.journal.segments.space import Space
from proxy.reading.layout import terminal
from proxy.reading.layout.table import Heading, table
from proxy.reading.layout.terminal import bytes_text, duration_text
from proxy.reading.watching.calling import RecorderConnection

WELL: Final = 0
FOUND_A_PROBLEM: Final = 1
ANSWER_S: Final = 3.0
"""How long the recorder may take to say how it is; it says so at once, or is frozen."""
LATE_NS: Final = 5_000_000_000
"""A recorder that is behind for so long is behind its promise (one second) by more than a busy moment."""
FLEET_LATE_S: Final = 300.0
"""As the alert FleetBehind: longer than a shipper's rounds, the pause after a failure and a cut link take."""
SILENT_NS: Final = 5_000_000_000
"""A worker gives a sign of life each second."""

_HEADINGS: Final = tuple(
    Heading(name, is_number)
    for name, is_number in (
        *(("worker", True), ("pid", True), ("mode", False), ("room", False), ("in flight", True)),
        *(("connections", True), ("seen", True), ("recorded", True), ("refused", True)),
        *(
            ("shed", True),
            ("cut heads", True),
            ("loop lag", True),
            ("journal", True),
            ("disk free", True),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall and monotonic, in ns."""

    now_ns: Callable[[], int] = time.time_ns
    mono_ns: Callable[[], int] = time.monotonic_ns


@dataclass(frozen=True, slots=True)
class Status:
    """All that is known."""

    workers: list[PageReading]
    recorder: dict[str, Any] | None
    """As it says; None: it does not answer."""
    problems: list[str]
    fleet: dict[str, Any] | None = None
    """As the shipper says; None: there is none."""

    def to_json(self) -> dict[str, Any]:
        workers = [
            {
                **asdict(page),
                "boot": f"{page.boot:016x}",
                "mode": _mode(page),
                "space": _space(page),
            }
            for page in self.workers
        ]
        return {"workers": workers, "recorder": self.recorder, "problems": self.problems} | (
            {} if self.fleet is None else {"fleet": self.fleet}
        )


def run(settings: Settings, *, as_json: bool, clocks: Clocks | None = None) -> int:
    """Print how it is. Returns 0: strict and healthy; 1: something is not."""
    status = look(settings, clocks or Clocks())
    if as_json:
        sys.stdout.write(json.dumps(status.to_json()) + "\n")
    else:
        console = terminal.console()
        for line in lines(status, console.width):
            console.print(line)
    return FOUND_A_PROBLEM if status.problems else WELL


def look(settings: Settings, clocks: Clocks) -> Status:
    """Read the pages and ask the recorder."""
    workers = [
        reading
        for _, _, path in pages(settings.run_folder)
        if is_locked(path) and (reading := _read(path)) is not None
    ]
    recorder = ask_recorder(settings.run_folder / "recorder.sock")
    found = _worker_problems(settings, workers, clocks.now_ns())
    if workers or recorder is not None:
        found += _recorder_problems(recorder, clocks.mono_ns())
    fleet = _shipper(settings, clocks.now_ns())
    if fleet is not None and (fleet["problem"] or fleet["lag_s"] >= FLEET_LATE_S):
        why = fleet["problem"] or "its shipper is at work, stuck or dead, see the log"
        found.append(f"the fleet's engine is {fleet['lag_s']:.0f} s behind: {why}")
    return Status(workers, recorder, found, fleet)


def _shipper(settings: Settings, now_ns: int) -> dict[str, Any] | None:
    """How far the fleet's engine follows; None: there is no fleet."""
    if settings.fleet_engine_file is None:
        return None
    try:
        told = json.loads((settings.run_folder / "fleet.json").read_text("utf-8"))
        lag_s = max(0, now_ns - told["caught_up_at_ns"]) / 1e9
        return {**told, "lag_s": round(lag_s, 1), "problem": told["problem"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"lag_s": 0.0, "problem": f"its shipper did not say how it is: {error}"}


def lines(status: Status, width: int) -> list[Text]:
    """For people: the workers, the recorder, what is wrong."""
    rows = [
        (
            page.worker,
            page.pid,
            _mode(page),
            _space(page),
            page.in_flight,
            page.connections,
            page.seen,
            page.recorded,
            page.refused,
            page.shed,
            page.cut_heads,
            duration_text(page.loop_lag_ns),
            bytes_text(page.journal_bytes),
            bytes_text(page.free_bytes),
        )
        for page in status.workers
    ]
    shown = table(_HEADINGS, rows, width) if rows else []
    told = status.recorder
    if told is not None:
        tables = told["tables"]
        shown.append(
            Text(
                f"recorder  {told['exchanges']:,} exchanges in the vault, {told['open']:,} under way, "
                f"{told['lag_ms'] / 1000:.2f} s behind, "
                f"vault at {told['vault']['file']}:{told['vault']['offset']}"
            )
        )
        place = f"{tables['file']}:{tables['offset']}, {tables['queued']:,} exchanges behind"
        shown.append(Text(f"tables    at {place}"))
    if status.fleet is not None:
        shown.append(Text(f"fleet     {status.fleet['lag_s']:.1f} s behind"))
    shown += [Text(f"problem   {terminal.one_line(each)}", "bold red") for each in status.problems]
    return shown or [Text("well")]


def ask_recorder(path: Path) -> dict[str, Any] | None:
    """What the recorder says of itself; None: it does not answer, or answers something else."""
    connection = RecorderConnection(path, ANSWER_S)
    try:
        connection.request("GET", "/status")
        told = json.loads(connection.getresponse().read())
        return told if isinstance(told, dict) and told.keys() >= _EXPECTED else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


_EXPECTED: Final = frozenset(
    {"exchanges", "open", "lag_ms", "vault", "tables", "caught_up_mono_ns"}
)


def _worker_problems(settings: Settings, workers: list[PageReading], now_ns: int) -> list[str]:
    if not workers:
        return [f"no gateway worker lives on {settings.data_folder}: is the proxy running?"]
    found = []
    for page in workers:
        name = f"worker {page.worker}"
        if page.mode != Mode.STRICT:
            found.append(f"{name} is not strict: exchanges may pass unrecorded")
        if page.is_journal_down:
            found.append(f"{name}: its journal takes nothing, see the log")
        if page.space != Space.AMPLE:
            found.append(
                f"{name}: the room of its journal is {_space(page)} "
                f"({bytes_text(page.free_bytes)} free)"
            )
        if page.heartbeat_ns and now_ns - page.heartbeat_ns > SILENT_NS:
            silence = duration_text(now_ns - page.heartbeat_ns)
            found.append(f"{name} gave no sign of life for {silence}")
    return found


def _recorder_problems(told: dict[str, Any] | None, mono_ns: int) -> list[str]:
    if told is None:
        return ["the recorder does not answer: dead or frozen; the journals keep what passes"]
    found = []
    if mono_ns - told["caught_up_mono_ns"] > LATE_NS:
        found.append(f"the recorder is {duration_text(mono_ns - told['caught_up_mono_ns'])} behind")
    if told["tables"]["problem"]:
        found.append(f"the tables do not follow the vault: {told['tables']['problem']}")
    return found


def _read(path: Path) -> PageReading | None:
    view = PageView.open(path)
    if view is None:
        return None
    try:
        return view.reading()
    finally:
        view.close()


def _mode(page: PageReading) -> str:
    return Mode(page.mode).name.lower() if page.mode in {1, 2} else "starting"


def _space(page: PageReading) -> str:
    return Space(page.space).name.lower() if page.space < len(Space) else "unknown"
