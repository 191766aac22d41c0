"""Verbs about copies at Google: until when, what is due, what is proven."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy.audit.ledger.policies import span_s
from proxy.cli.audit.offering import WITHIN_S, dispose_with_key
from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import Arguments, Verb

if TYPE_CHECKING:
    from proxy.reading.accounts.tabling import Form
    from proxy.reading.disposal.report import Where


def span(text: str) -> int:
    """Seconds of 36h or 7d; argparse says so where it is none."""
    found = span_s(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no span: give 90m, 36h or 7d")
    return found


def _where(parsed: Arguments) -> Where:
    from proxy.audit.retention.clocks import HOUR_NS, Tier, days_chosen
    from proxy.reading.disposal.report import Where

    settings = resolved(parsed).settings
    return Where(
        settings.data_folder,
        settings.master_key_file,
        Tier(settings.retention_tier),
        days_chosen(settings.retention_paid_days),
        getattr(parsed, "policy", None) or settings.retention_policies_file,
        settings.retention_notice_hours * HOUR_NS,
    )


def _form(parsed: Arguments) -> Form:
    from proxy.reading.accounts.tabling import Form

    return Form.JSON if parsed.json else Form.TABLE


def _now_us() -> int:
    return time.time_ns() // 1000


def _base_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object per row")


def _retention_arguments(verb: argparse.ArgumentParser) -> None:
    _base_arguments(verb)
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("interaction", metavar="ID", nargs="?", help="one copy with all its clocks")
    which.add_argument("--all", action="store_true", help="all copies that may lie at Google")
    which.add_argument(
        "--dry-run", action="store_true", help="what the policies want, and when; nothing is done"
    )
    verb.add_argument(
        "--policy", type=Path, metavar="FILE", help="try these policies instead of the configured"
    )


def _retention(parsed: Arguments) -> int:
    from proxy.reading.disposal import report

    if parsed.dry_run:
        return report.dry_run(_where(parsed), _now_us(), _form(parsed))
    return report.retention(_where(parsed), parsed.interaction, _now_us(), _form(parsed))


def _within(verb: argparse.ArgumentParser) -> None:
    _base_arguments(verb)
    verb.add_argument(
        "--within", type=span, default=7 * 86_400, metavar="SPAN", help="36h, 7d (7d)"
    )


def _due(parsed: Arguments) -> int:
    from proxy.reading.disposal import report

    return report.due(_where(parsed), _now_us(), parsed.within, _form(parsed))


def _forecast(parsed: Arguments) -> int:
    from proxy.reading.disposal import report

    return report.forecast(_where(parsed), _now_us(), parsed.within, _form(parsed))


def _receipts_arguments(verb: argparse.ArgumentParser) -> None:
    _base_arguments(verb)
    verb.add_argument("--verify", action="store_true", help="check each signature; 1 if one is bad")
    verb.add_argument("interaction", metavar="ID", nargs="?", help="of one interaction")


def _receipts(parsed: Arguments) -> int:
    from proxy.reading.disposal import report

    return report.receipts(_where(parsed), parsed.interaction, _form(parsed), verify=parsed.verify)


def _dispose_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("interaction", metavar="ID", help="Google's id, whole")
    reach = verb.add_mutually_exclusive_group()
    reach.add_argument("--subtree", action="store_true", help="with all turns behind it")
    reach.add_argument("--conversation", action="store_true", help="from the first turn on")
    verb.add_argument("--dry-run", action="store_true", help="show what would happen")
    verb.add_argument("--reason", metavar="TEXT", required=True, help="why; it is kept in clear")
    verb.add_argument(
        "--by",
        metavar="NAME",
        default=os.environ.get("USER", "operator"),
        help="who; by default you",
    )
    verb.add_argument(
        "--key-from-stdin",
        action="store_true",
        help="do it now with a credential read there, which is kept nowhere; for clients whose key the steward lacks",
    )
    verb.add_argument(
        "--within",
        type=span,
        default=WITHIN_S,
        metavar="SPAN",
        help="longest that --key-from-stdin takes (20m)",
    )


def _dispose(parsed: Arguments) -> int:
    from proxy.audit.retention.cascade import Reach
    from proxy.reading.disposal import dispose

    reach = Reach.NODE
    if parsed.subtree or parsed.conversation:
        reach = Reach.THREAD if parsed.conversation else Reach.DESCENDANTS
    wish = dispose.Wish(parsed.interaction, reach, parsed.reason, parsed.by)
    if parsed.key_from_stdin:
        return dispose_with_key(parsed, wish)
    folder = resolved(parsed).settings.data_folder
    return dispose.run(folder, wish, time.time_ns(), is_dry=parsed.dry_run)


def _rescue_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument(
        "interaction", metavar="ID", help="the last turn to carry; as `show` takes it"
    )
    verb.add_argument("--say", metavar="TEXT", help="what the caller says next")
    verb.add_argument("--model", metavar="NAME", help="goes on in place of the last one")
    verb.add_argument("--out", metavar="FILE", type=Path, help="in place of standard output")
    verb.add_argument("--json", action="store_true", help="one JSON object: body, notes, is_whole")
    verb.add_argument(
        "--by",
        metavar="NAME",
        default=os.environ.get("USER", "operator"),
        help="who; by default you",
    )


def _rescue(parsed: Arguments) -> int:
    from proxy.reading.disposal import rescue

    settings = resolved(parsed).settings
    wish = rescue.Wish(
        parsed.interaction, parsed.say, parsed.model, parsed.by, parsed.out, as_json=parsed.json
    )
    return rescue.run(settings.data_folder, wish, time.time_ns(), settings.master_key_file)


RETENTION: Final = (
    Verb(
        "rescue",
        "a conversation as one request that goes on with store=false",
        'interactions-proxy rescue last --say "and then?" --out next.json',
        _rescue_arguments,
        _rescue,
    ),
    Verb(
        "dispose",
        "have copies at Google deleted, whatever the policies say",
        'interactions-proxy dispose ID --subtree --reason "asked for by the person"',
        _dispose_arguments,
        _dispose,
    ),
    Verb(
        "retention",
        "until when copies lie at Google, and what policies want deleted",
        "interactions-proxy retention --dry-run",
        _retention_arguments,
        _retention,
    ),
    Verb(
        "due",
        "which deletions at Google are due, and which wait for a person",
        "interactions-proxy due --within 7d",
        _within,
        _due,
    ),
    Verb(
        "receipts",
        "signed proofs of what was deleted at Google",
        "interactions-proxy receipts --verify",
        _receipts_arguments,
        _receipts,
    ),
    Verb(
        "forecast",
        "which conversations become unusable, what stays too long",
        "interactions-proxy forecast --within 24h",
        _within,
        _forecast,
    ),
)
