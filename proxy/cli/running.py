"""Verbs that start something: serve, demo; the emulator's own is next door."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy.cli.emulator.start import add_emulator_arguments, run_emulator
from proxy.cli.naming import command_of_ours
from proxy.cli.settings import add_serving, resolved
from proxy.cli.verb import DONE, Arguments, Verb
from proxy.config.load import Resolved
from proxy.errors import StartRefused

if TYPE_CHECKING:
    from proxy.supervise.plans import Started

_FIRST_QUESTION: Final = "SELECT model, status, total_tokens FROM interactions"


def _serve_arguments(verb: argparse.ArgumentParser) -> None:
    add_serving(verb)
    verb.add_argument("--json", action="store_true", help="say where it listens as one JSON object")


def _serve(parsed: Arguments) -> int:
    import json

    from proxy.supervise.private import take_janitor_key
    from proxy.supervise.server import run

    janitor_key = take_janitor_key(os.environ)
    known = resolved(parsed)
    settings = known.settings

    def announce(started: Started) -> None:
        about = {"url": started.url, "data": str(settings.data_folder), "pid": os.getpid()}
        about["admin"] = started.admin_url
        if started.ops_url:
            about["ops"] = started.ops_url
        if started.webhook_url:
            about["webhooks"] = started.webhook_url
        lines = [json.dumps(about)] if parsed.json else _welcome(known, started)
        print("\n".join(lines), flush=True)

    run(settings, announce, lambda: resolved(parsed).settings, janitor_key)
    return DONE


def _welcome(known: Resolved, started: Started) -> list[str]:
    """Seven lines for the operator, and a warning where one is due."""
    import shlex

    from proxy.config.values import is_loopback

    settings = known.settings
    is_usual = known.origins["data.folder"] == "default"
    data = "" if is_usual else f" --data {shlex.quote(str(settings.data_folder))}"
    lines = [
        f"recording   {started.url} -> {settings.upstream_url} ({settings.journal_mode})",
        f'Python      client = genai.Client(http_options={{"base_url": "{started.url}"}})',
        f'JavaScript  const ai = new GoogleGenAI({{httpOptions: {{baseUrl: "{started.url}"}}}})',
        f"data        {settings.data_folder}",
        f'ask         {command_of_ours()} sql{data} "{_FIRST_QUESTION}"',
        f"console     {started.admin_url}/console/ (`{command_of_ours()} console{data}` opens it as its owner)",
        f"audit       {started.admin_url}/v1 (`{command_of_ours()} token{data} add NAME` lets others ask)",
    ]
    if started.has_new_master_key:
        lines.append(
            f"note        made {settings.master_key_file}: it makes erasure possible; lying beside "
            "the data, it does not protect a stolen disk. Lost, the records cannot be read."
        )
    if not is_loopback(settings.listen_address):
        lines.append(
            f"note        {settings.listen_address} is reached by other machines"
            + ", without TLS" * (settings.listen_tls_certificate_file is None)
            + "; callers bring their own API key"
        )
    return lines


def _demo_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--data",
        type=Path,
        default=Path("demo-data"),
        metavar="FOLDER",
        help="keep the records here (demo-data)",
    )


def _demo(parsed: Arguments) -> int:
    try:
        from proxy.demo.play import run
    except ImportError as error:
        raise StartRefused(
            f"the demo talks through Google's SDK, which is missing ({error.name}): "
            "pip install google-genai"
        ) from error
    return run(parsed.data, command_of_ours())


RUNNING: Final = (
    Verb(
        "serve",
        "record everything that passes to Google (or another upstream)",
        "interactions-proxy serve --port 8080",
        _serve_arguments,
        _serve,
    ),
    Verb(
        "demo",
        "a real agent conversation, offline, and what the records say of it",
        "interactions-proxy demo",
        _demo_arguments,
        _demo,
    ),
    Verb(
        "emulator",
        "an offline stand-in for Google's API, for trying and testing",
        "interactions-proxy emulator --port 9900 --tier free",
        add_emulator_arguments,
        run_emulator,
    ),
)
