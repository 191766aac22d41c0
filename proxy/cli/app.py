"""The command itself: finds the verb, runs it, and turns what went wrong into sentences."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from proxy import __version__
from proxy.cli.asking import ASKING
from proxy.cli.audit.accounts import ACCOUNTS
from proxy.cli.audit.conversations import CONVERSATIONS
from proxy.cli.audit.erasing import ERASING
from proxy.cli.audit.exporting import EXPORTING
from proxy.cli.audit.retention import RETENTION
from proxy.cli.audit.tokens import TOKENS
from proxy.cli.audit.verify import VERIFY
from proxy.cli.emulator.clock import CLOCK
from proxy.cli.emulator.scenario import SCENARIO
from proxy.cli.operating.backing import BACKING
from proxy.cli.operating.console import CONSOLE
from proxy.cli.operating.watching import WATCHING
from proxy.cli.running import RUNNING
from proxy.cli.verb import DONE, NAME, WORLD_FAILED, WRONG_USE, Verb
from proxy.errors import ConfigError, ProxyError

VERBS: Final = (
    *RUNNING,
    *WATCHING,
    *CONSOLE,
    *ASKING,
    *CONVERSATIONS,
    *ACCOUNTS,
    *RETENTION,
    *TOKENS,
    *ERASING,
    *EXPORTING,
    *VERIFY,
    *BACKING,
    SCENARIO,
    CLOCK,
)
"""In the order in which help lists them."""


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
