"""The command line: verbs, their help, and what they call. Each verb imports what it needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy import __version__
from proxy.config.load import Given, Resolved, resolve
from proxy.errors import ConfigError, ProxyError, StartRefused

if TYPE_CHECKING:
    from proxy.supervise.server import Started

DONE: Final = 0
FOUND_A_PROBLEM: Final = 1
WRONG_USE: Final = 2
WORLD_FAILED: Final = 3

NAME: Final = "interactions-proxy"
_FIRST_QUESTION: Final = "SELECT model, status, total_tokens FROM interactions"

Arguments = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing the command can do."""

    name: str
    help: str
    """One line."""
    example: str
    """A whole command that works."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Arguments], int]
    """Returns the exit code; a ProxyError becomes a sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Returns 0 done, 1 found a problem, 2 wrong use, 3 the world failed."""
    parsed = parser().parse_args(arguments)
    verb: Verb = parsed.verb
    try:
        return verb.run(parsed)
    except ConfigError as error:
        return _say(error, WRONG_USE)
    except ProxyError as error:
        return _say(error, WORLD_FAILED)
    except KeyboardInterrupt:
        return DONE
    except BrokenPipeError:
        # `… | head` has seen enough. Python would complain once more while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def parser() -> argparse.ArgumentParser:
    """The whole command with all its verbs."""
    whole = argparse.ArgumentParser(
        prog=NAME,
        description="A flight recorder for Google's Gemini Interactions API.",
        epilog="`interactions-proxy VERB --help` has an example of each.",
    )
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = whole.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        added = verbs.add_parser(
            verb.name,
            help=verb.help,
            description=verb.help,
            epilog=f"example:\n  {verb.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_arguments(added)
        added.set_defaults(verb=verb)
    return whole


def _say(error: ProxyError, code: int) -> int:
    for line in str(error).splitlines():
        sys.stderr.write(f"{NAME}: {line}\n")
    return code


# Settings on the command line


def _add_settings(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    verb.add_argument("--data", metavar="FOLDER", help="where records and keys lie")
    verb.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any setting; `interactions-proxy config` lists them",
    )


def _add_serving(verb: argparse.ArgumentParser) -> None:
    _add_settings(verb)
    verb.add_argument("--port", metavar="N", help="where clients connect; 0: a free one")
    verb.add_argument("--upstream", metavar="URL", help="where requests go")


def _resolved(parsed: Arguments) -> Resolved:
    given = list(_given(parsed))
    return resolve(file=parsed.config, environment=os.environ, command_line=given)


def _given(parsed: Arguments) -> Iterator[Given]:
    """--set first, so that a flag made for the purpose wins."""
    for text in parsed.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set {text}: write it as --set name=value")
        yield Given(name.strip(), value.strip(), "command line --set")
    flags = {"data": "data.folder", "port": "listen.port", "upstream": "upstream.url"}
    for flag, name in flags.items():
        value = getattr(parsed, flag, None)
        if value is not None:
            yield Given(name, value, f"command line --{flag}")


# Verbs


def _serve_arguments(verb: argparse.ArgumentParser) -> None:
    _add_serving(verb)
    verb.add_argument("--json", action="store_true", help="say where it listens as one JSON object")


def _serve(parsed: Arguments) -> int:
    import json

    from proxy.supervise.server import run

    resolved = _resolved(parsed)
    settings = resolved.settings

    def announce(started: Started) -> None:
        about = {"url": started.url, "data": str(settings.data_folder), "pid": os.getpid()}
        lines = [json.dumps(about)] if parsed.json else _welcome(resolved, started)
        print("\n".join(lines), flush=True)

    run(settings, announce)
    return DONE


def _welcome(resolved: Resolved, started: Started) -> list[str]:
    """Five lines for the operator, and a warning where one is due."""
    import shlex

    from proxy.config.values import is_loopback

    settings = resolved.settings
    is_usual = resolved.origins["data.folder"] == "default"
    data = "" if is_usual else f" --data {shlex.quote(str(settings.data_folder))}"
    lines = [
        f"recording   {started.url} -> {settings.upstream_url} ({settings.journal_mode})",
        f'Python      client = genai.Client(http_options={{"base_url": "{started.url}"}})',
        f'JavaScript  const ai = new GoogleGenAI({{httpOptions: {{baseUrl: "{started.url}"}}}})',
        f"data        {settings.data_folder}",
        f'ask         {command_of_ours()} sql{data} "{_FIRST_QUESTION}"',
    ]
    if started.has_new_master_key:
        lines.append(
            f"note        made {settings.master_key_file}: it makes erasure possible; lying beside "
            "the data, it does not protect a stolen disk. Lost, the records cannot be read."
        )
    if not is_loopback(settings.listen_address):
        lines.append(
            f"note        {settings.listen_address} is reached by other machines, without TLS; "
            "callers bring their own API key"
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


def command_of_ours() -> str:
    """What to type to run it again: the bare name only where the shell would find it."""
    import shlex
    import shutil

    called = Path(sys.argv[0])
    if shutil.which(NAME):
        return NAME
    if called.name == NAME:
        return shlex.quote(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m proxy"


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65,535")


def _emulator_arguments(verb: argparse.ArgumentParser) -> None:
    usual = "default 9900; 0 takes a free one"
    verb.add_argument("--port", type=_port, default=9900, metavar="N", help=usual)
    verb.add_argument("--json", action="store_true", help="say where it listens as one JSON object")
    verb.add_argument("--seed", type=int, metavar="N", help="answers and ids follow from it")


def _emulator(parsed: Arguments) -> int:
    from proxy.emulator.server import announce_to_programs, run

    def announce(url: str) -> None:
        print(f"emulator    {url} (takes any API key; Ctrl-C ends it)")
        print(f"record it   {command_of_ours()} serve --upstream {url}", flush=True)

    run(
        port=parsed.port,
        seed=parsed.seed,
        announce=announce_to_programs if parsed.json else announce,
    )
    return DONE


def _sql_arguments(verb: argparse.ArgumentParser) -> None:
    _add_settings(verb)
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object per row")
    form.add_argument("--csv", action="store_true", help="comma-separated, with a header")
    verb.add_argument(
        "statement", metavar="SQL", nargs="?", help="one statement; without it, lists what there is"
    )


def _sql(parsed: Arguments) -> int:
    from proxy.reading import sql

    settings = _resolved(parsed).settings
    return sql.run(
        settings.data_folder,
        parsed.statement,
        as_json=parsed.json,
        as_csv=parsed.csv,
        master_file=settings.master_key_file,
    )


def _show_arguments(verb: argparse.ArgumentParser) -> None:
    _add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object")
    verb.add_argument("interaction", metavar="ID", help="Google's id, its beginning, or: last")


def _show(parsed: Arguments) -> int:
    from proxy.reading import show

    settings = _resolved(parsed).settings
    master_file = settings.master_key_file
    return show.run(
        settings.data_folder, parsed.interaction, as_json=parsed.json, master_file=master_file
    )


def _tail_arguments(verb: argparse.ArgumentParser) -> None:
    _add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object per line")
    verb.add_argument("--no-follow", action="store_true", help="print the latest and leave")


def _tail(parsed: Arguments) -> int:
    from proxy.reading import tail

    settings = _resolved(parsed).settings
    return tail.run(
        settings.data_folder,
        follow=not parsed.no_follow,
        as_json=parsed.json,
        master_file=settings.master_key_file,
    )


def _rebuild(parsed: Arguments) -> int:
    from proxy.recorder.rebuild import run

    return run(_resolved(parsed).settings)


def _config_arguments(verb: argparse.ArgumentParser) -> None:
    _add_serving(verb)
    verb.add_argument("--explain", action="store_true", help="also say what each setting is for")


def _config(parsed: Arguments) -> int:
    from proxy.config.explain import explain_lines

    for line in explain_lines(_resolved(parsed), with_reasons=parsed.explain):
        print(line)
    return DONE


VERBS: Final = (
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
        "interactions-proxy emulator --port 9900",
        _emulator_arguments,
        _emulator,
    ),
    Verb(
        "sql",
        "ask the records",
        'interactions-proxy sql "SELECT type, count(*) FROM steps GROUP BY type"',
        _sql_arguments,
        _sql,
    ),
    Verb(
        "show",
        "one interaction, step by step",
        "interactions-proxy show last",
        _show_arguments,
        _show,
    ),
    Verb(
        "tail",
        "watch exchanges as they are recorded",
        "interactions-proxy tail",
        _tail_arguments,
        _tail,
    ),
    Verb(
        "rebuild",
        "make the DuckDB file anew from the vault",
        "interactions-proxy rebuild",
        _add_settings,
        _rebuild,
    ),
    Verb(
        "config",
        "each setting, its value, and where that came from",
        "interactions-proxy config --explain",
        _config_arguments,
        _config,
    ),
)
