"""Log lines of every process: one format, fixed event names, nothing secret. Ground floor; standard library only.

json: one object a line: at, level, process, event, message, and where they are known exchange, trace_id,
act, worker. text: the same for people. Bodies are never logged; what looks like a credential is taken out
whatever logged it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sys
from typing import Final

EVENTS: Final = {
    # gateway
    "journal: %s": "journal_trouble",
    "journal failed: %s": "journal_failed",
    "journal: room is %s%s": "journal_room",
    "journal still not usable: %s": "journal_still_down",
    "journal opened again": "journal_opened_again",
    "the door is gone: what it has to allow is refused until it is back": "door_gone",
    # door
    "the rules stay as they were: %s": "door_rules_refused",
    "the rules were read again": "door_rules_read",
    "the door goes by what it knows: %s": "door_without_records",
    # recorder
    "exchange %s not interpreted: %s in %s line %s: please report it": "not_interpreted",
    "an open exchange cannot be carried on: %s": "exchange_not_carried",
    "erasures wait, and are looked at again: %s": "erasures_wait",
    "retention.policies_file: nothing is due by policy until it is right: %s": "policies_refused",
    "retention.policies_file: what is never stored stays as it was: %s": "policies_refused",
    "retention.policies_file: what it keeps stays as it was: %s": "policies_refused",
    "how copies at Google stand is not known now: %s": "retention_unknown",
    "the clock is %s: nothing is deleted by time until upstream's agrees": "clock_doubted",
    "the tables follow another vault, they are made anew: %s": "tables_made_anew",
    "the tables do not follow: %s": "tables_behind",
    "the recorder stops; the next one goes on from the last commit": "recorder_broke",
    "the disk has no room for the vault (%s)%s: free some, the next recorder goes on": "disk_full",
    "an act brings no price book that can be read: %s": "price_book_unreadable",
    "the admin listener knows nobody: %s": "admin_tokens_unusable",
    "the admin listener does not serve until the next start: %s": "admin_certificate_unusable",
    # metrics and spans
    "metrics do not follow: %s": "metrics_behind",
    "metrics are counted anew: the vault is not the one counted before": "metrics_anew",
    "metrics are counted anew: cannot read %s: %s": "metrics_anew",
    "metrics are counted anew: %s is of no use: %r": "metrics_anew",
    "spans go without what the tables know: %s": "spans_without_tables",
    "spans of what was recorded before are not sent: %s": "spans_not_sent",
    "spans are not taken: %s": "spans_not_taken",
    "no more spans until the next start: %s in %s line %s: please report it": "spans_broke",
    "no spans of %s: %s in %s line %s: please report it": "spans_broke_at",
    "spans are taken again; %d were given up so far": "spans_taken_again",
    "the place of the spans is not kept: %s": "spans_place_lost",
    "the collector holds spans up: the next recorder tells the rest": "spans_held_up",
    "OpenTelemetry says: %s": "spans_library",
    # trail
    "the trail is not signed: %s": "trail_not_signed",
    "the witness takes no checkpoint: %s": "witness_refused",
    "checkpoint: %s": "trail_checkpoint",
    # steward
    "%s; trying again": "steward_tries_again",
    "not finished within %.0f s: what is under way is on record": "offer_not_finished",
    "nothing is deleted at Google yet: %s": "steward_not_alone",
    "%s: %s": "webhooks_refused",
    "not told that the steward ends: %s": "steward_end_untold",
    # fleet
    "the fleet does not follow: %s": "fleet_behind",
    "the vault was put back from an older backup, the fleet goes on from %s:%d instead of %s:%d": "fleet_vault_put_back",
    # supervisor
    "note: %s": "supervisor",
    # any process: an expected failure, whose sentence says all
    "%s": "refused",
}
"""The text of a logging call, as it stands in the code, to the name of its event. A test compares."""
FOREIGN: Final = "library"
"""Event of lines that a library wrote."""
IDS: Final = ("exchange", "trace_id", "act", "worker")
"""What a logging call may name in `extra`."""
FORMS: Final = ("text", "json")

_TEXT: Final = "%(levelname)s %(name)s: %(message)s"
_GONE: Final = "(taken out)"
_SECRETS: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:AIza|ya29\.|AQ\.|GOCSPX-|sk-|whsec_|gh[opsu]_|eyJ)[A-Za-z0-9_.~+/=-]{12,}"
    r"|(?i:(?<=bearer )|(?<=basic ))[A-Za-z0-9_.~+/=-]{8,}"
    r"|(?i:(?<=[?&]key=)|(?<=access_token=)|(?<=upload_id=)|(?<=x-goog-signature=))[^\s&\"']+"
)
"""How keys and tokens begin, and what stands where one belongs."""


def scrubbed(text: str) -> str:
    """The text without what looks like a credential."""
    return _SECRETS.sub(_GONE, text)


class TextLines(logging.Formatter):
    """For people."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record))


class JsonLines(logging.Formatter):
    """For machines."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "at": _moment(record.created),
            "level": record.levelname.lower(),
            "process": self._process,
            "event": event_of(record),
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
        }
        told |= {
            name: scrubbed(str(getattr(record, name))) for name in IDS if hasattr(record, name)
        }
        if record.exc_info:
            told["exception"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(told)


def event_of(record: logging.LogRecord) -> str:
    """The name of what happened."""
    return EVENTS.get(str(record.msg), FOREIGN)


def start_logging(form: str, process: str, level: int = logging.WARNING) -> None:
    """Write to standard error from now on, instead of whatever was set up before.

    Args:
        form: text or json.
        process: gateway-0, recorder, ...
        level: the least that is written; a lower one that was set before (debugging) stays.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process) if form == "json" else TextLines())
    root = logging.getLogger()
    before = root.level if root.handlers else level
    root.handlers[:] = [handler]
    root.setLevel(min(level, before) or level)


def _moment(created: float) -> str:
    """RFC 3339, UTC, microseconds."""
    at = dt.datetime.fromtimestamp(created, dt.UTC)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
