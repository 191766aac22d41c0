"""The meaning of an exchange, even where finding it out fails by a bug of ours.

`interpret` does not raise on foreign data; that is tested with noise, and still a claim. If it breaks,
the recorder would end, start again, meet the same exchange, and record nothing more for anybody. So
here, besides the top of each process, everything is caught: the exchange is kept raw, and says so.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.exchange import Exchange
from proxy.recording.facts import Recording
from proxy.recording.interpret import interpret
from proxy.recording.pricing.book import PriceBook
from proxy.recording.pricing.cost import with_costs
from proxy.recording.reading.answer import Answer
from proxy.recording.secrecy.equality import EqualityOf, no_equality
from proxy.recording.telling.exchange_facts import exchange_fact, problem_facts, read_heads

_LOG: Final = logging.getLogger(__name__)


def recording_of(
    exchange: Exchange,
    equality: EqualityOf = no_equality,
    interpreter: Callable[[Exchange, EqualityOf], Recording] = interpret,
    book: PriceBook | None = None,
) -> Recording:
    """What `interpreter` makes of an exchange, priced; if it fails, the bare facts and a problem."""
    try:
        return with_costs(interpreter(exchange, equality), book)
    except Exception as error:  # noqa: BLE001  # see above: a crash loop would lose more than it shows
        place = traceback.extract_tb(error.__traceback__)[-1]
        # The error's own text may quote the exchange: only its name and place are told.
        _LOG.error(
            "exchange %s not interpreted: %s in %s line %s: please report it",
            exchange.id,
            type(error).__name__,
            place.name,
            place.lineno,
        )
        return _bare_recording(exchange, type(error).__name__)


def _bare_recording(exchange: Exchange, error: str) -> Recording:
    """Who, when, how much and how it ended; nothing that needs reading what the other side wrote."""
    without_heads = replace(
        exchange, intent=replace(exchange.intent, head=b""), response_head=b"", interim_heads=()
    )
    notes = Notes()
    heads = read_heads(without_heads, Notes())
    notes.problem(
        ProblemKind.NOT_INTERPRETED, "exchange", f"interpreting it failed with {error}; kept raw"
    )
    answer = Answer(is_streaming=False, error_code=None)
    fact = exchange_fact(without_heads, heads, answer, interaction=None, notes=notes)
    return Recording(fact, problems=problem_facts(exchange, notes))
