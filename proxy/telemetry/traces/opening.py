"""Spans put together: from settings to the follower that the recorder runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.config.catalogue import Settings
from proxy.store.position import VaultPosition
from proxy.store.queries import TablesReader
from proxy.store.vault.reader import VaultReader
from proxy.telemetry.traces.follow import SpanFollower
from proxy.telemetry.traces.lookup import StoreLookup
from proxy.telemetry.traces.mapping.conventions import Upstream
from proxy.telemetry.traces.mapping.memory import Memory
from proxy.telemetry.traces.mapping.tree import SpanTree
from proxy.telemetry.traces.options import TraceOptions, trace_options

PLACE: Final = "spans.json"
"""In the run folder: how far the spans came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSettings:
    """What a recorder needs to know to send spans."""

    options: TraceOptions
    upstream_url: str
    has_client_tools: bool = False
    one_unchanged_poll_in: int = 10


@dataclass(frozen=True, slots=True)
class Sources:
    """What the follower reads beside what it is offered."""

    vault: Callable[[], VaultReader]
    tables: Callable[[], Future[TablesReader]]
    now_ns: Callable[[], int]
    mono_ns: Callable[[], int]


def trace_settings(settings: Settings, environment: Mapping[str, str]) -> TraceSettings | None:
    """From the catalogue and OTEL_*; None: no spans. `environment`: of this process, as the SDK reads it.

    Raises:
        StartRefused: a variable asks for what there is not.
    """
    options = trace_options(environment)
    if options is None:
        return None
    return TraceSettings(
        options=options,
        upstream_url=settings.upstream_url,
        has_client_tools=settings.traces_client_tools == "on",
        one_unchanged_poll_in=settings.traces_unchanged_polls,
    )


def open_follower(
    settings: TraceSettings, sources: Sources, run_folder: Path, began: VaultPosition
) -> SpanFollower:
    """A follower, ready to run. `began`: what the vault has committed.

    Raises:
        StartRefused: gRPC is asked for and not installed, or the SDK cannot use a variable.
    """
    # It loads the SDK, 8 MB and 0.2 s of CPU: whoever sends no spans does without.
    from proxy.telemetry.traces.sdk.exporting import opened  # noqa: PLC0415

    exporter, sampler = opened(settings.options)
    tree = SpanTree(
        Upstream(settings.upstream_url),
        Memory(StoreLookup(sources.tables, sampler, sources.mono_ns)),
        sampler,
        has_client_tools=settings.has_client_tools,
        one_unchanged_poll_in=settings.one_unchanged_poll_in,
    )
    return SpanFollower(
        tree,
        exporter,
        sources.vault,
        place=run_folder / PLACE,
        began=began,
        clocks=(sources.now_ns, sources.mono_ns),
    )
