"""The demo put together: emulator and proxy as processes of their own, the talk, the questions."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from proxy.demo.conversation import converse
from proxy.errors import StartRefused

PYTHON: Final = (sys.executable, "-P", "-m")
STOP_WITHIN_S: Final = 60.0
"""More than the supervisor grants its children; after this they are killed."""

# Each begins a line of its own, so that 80 columns show it as it is.
WHO: Final = """
SELECT coalesce(model, agent) AS who, status, input_tokens AS input,
  output_tokens AS output, thought_tokens AS thought,
  deleted_at IS NOT NULL AS deleted
FROM interactions ORDER BY first_seen_at DESC LIMIT 6"""
STEPS: Final = """
SELECT side, type, count(*) AS steps, sum(text_bytes)::BIGINT AS text_bytes
FROM timeline GROUP BY ALL ORDER BY steps DESC, type"""
CALLS: Final = """
SELECT operation, count(*) AS calls, sum(event_count)::BIGINT AS events,
  round(median(duration_ns) / 1e6, 1) AS median_ms
FROM exchanges GROUP BY operation ORDER BY operation"""


def run(data_folder: Path, command: str) -> int:
    """Play the demo, keep its records in `data_folder`; returns the exit code.

    `command` is what the reader types to run us, and is shown as such.
    """
    console = Console()
    seed = ("--seed", "7", "--speed", "5")
    with _running("the emulator", "proxy.emulator", *seed) as emulator:
        serve = ("serve", "--json", "--port", "0", "--data", str(data_folder))
        upstream = ("--upstream", emulator["url"], "--set", "admin.port=0", "--set", "ops.port=0")
        with _running("the proxy", "proxy", *serve, *upstream) as proxy:
            console.print(f"google-genai -> proxy {proxy['url']} -> emulator {emulator['url']}")
            shown = converse(proxy["url"], console)
            console.print("\n[bold]What the records know of it[/]")
            asked = [("sql", WHO), ("sql", STEPS), ("sql", CALLS), ("show", shown)]
            codes = [_ask(console, command, verb, data_folder, what) for verb, what in asked]
            _how_to_go_on(console, command, data_folder)
            if console.is_terminal:
                _show_console(console, proxy["admin"], data_folder)
    return max(codes)


def _show_console(console: Console, admin: str, data_folder: Path) -> None:
    """Go on serving, so that there is something to look at, until Ctrl-C."""
    token = (data_folder / "admin" / "local.token").read_text("utf-8").strip()
    console.print("Or look at it in a browser, as long as this runs (Ctrl-C ends it):")
    # The part behind # stays in the browser; the token opens these records, whose keys lie beside it.
    console.print(
        f"  {admin}/console/#token={token}", highlight=False, markup=False, soft_wrap=True
    )
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


@contextmanager
def _running(name: str, module: str, *arguments: str) -> Iterator[dict[str, Any]]:
    """A child process, from its first line (JSON with its URL) until it was told to end."""
    with subprocess.Popen([*PYTHON, module, *arguments], stdout=subprocess.PIPE) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None, name
            line = process.stdout.readline()
            if not line:
                raise StartRefused(f"{name} did not start: see its message above")
            yield json.loads(line)
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _ask(console: Console, command: str, verb: str, data_folder: Path, what: str) -> int:
    """Run a verb exactly as the reader could, the command shown above; returns its exit code."""
    arguments = (verb, "--data", str(data_folder), what)
    console.print(
        f"\n[green]$ {command} {shlex.join(arguments)}[/]", highlight=False, soft_wrap=True
    )
    return subprocess.run([*PYTHON, "proxy", *arguments], check=False).returncode  # noqa: S603 - ours


def _how_to_go_on(console: Console, command: str, data_folder: Path) -> None:
    kept = shlex.quote(str(data_folder))
    lines = (
        f"\nThe records stay in {data_folder}. What there is to ask, and the last one in full:",
        f"  {command} sql --data {kept}",
        f"  {command} show --data {kept} last",
        "Record your own program against Google's API:",
        f"  {command} serve",
        "These records in a browser: the first in one terminal, the second prints the address of the console:",
        f"  {command} serve --data {kept}",
        f"  {command} console --data {kept}",
    )
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
