"""The tables made anew from the vault: same code as following, from position 0."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from proxy.admin.links import Links
from proxy.admin.listener import AdminSettings
from proxy.admin.seeing.clocks import Period
from proxy.audit.retention.clocks import HOUR_NS, Tier, days_chosen
from proxy.config.catalogue import Settings
from proxy.config.certificates import server_context
from proxy.errors import StoreError
from proxy.recorder.server import RecorderSettings, held_recorder_lock, open_reader
from proxy.recorder.trail.follow import TrailSettings
from proxy.store.copying import remove_tables
from proxy.store.database import Database
from proxy.store.position import VAULT_START
from proxy.store.sandbox.functions import pandas_not_sought
from proxy.telemetry.traces.span import trace_id_of


def rebuild(settings: RecorderSettings, progress: Callable[[int], None]) -> int:
    """Delete the tables and replay every fact of the vault into new ones.

    `progress` is called after each transaction with the count of exchanges replayed so far.

    Returns: how many exchanges were replayed.

    Raises:
        StartRefused: a recorder runs on this folder, or the keys cannot be read.
        StoreError: there is no vault, or the new tables cannot be written.
    """
    if not (settings.data_folder / "vault").is_dir():
        # Before anything is removed: the tables may be all that is left here.
        raise StoreError(
            f"there is no vault in {settings.data_folder}: nothing was recorded there yet, "
            "or it lies elsewhere (--data)"
        )
    with held_recorder_lock(settings.run_folder), pandas_not_sought():
        remove_tables(settings.tables_file)
        reader = open_reader(settings)
        tables = Database.open(settings.tables_file)
        exchange_count = 0
        try:
            for batch in reader.follow(VAULT_START, settings.batch_rows):
                tables.ingest(batch)
                exchange_count += len(batch.exchanges)
                progress(exchange_count)
            tables.checkpoint()
        finally:
            tables.close()
            reader.close()
    return exchange_count


def run(settings: Settings) -> int:
    """The verb `rebuild`; returns the exit code."""

    def show(count: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{count:,} exchanges", end="", file=sys.stderr, flush=True)  # noqa: T201

    count = rebuild(recorder_settings(settings), show)
    print(f"{count:,} exchanges replayed from the vault")  # noqa: T201  # a verb answers on stdout
    return 0


def recorder_settings(settings: Settings) -> RecorderSettings:
    """The recorder's part of the catalogue."""
    return RecorderSettings(
        data_folder=settings.data_folder,
        admin=AdminSettings(
            data_folder=settings.data_folder,
            tokens_file=settings.admin_tokens_file,
            hosts=tuple(settings.admin_hosts.split(",")),
            period=Period(Tier(settings.retention_tier), days_chosen(settings.retention_paid_days)),
            links=Links(settings.console_trace_url, settings.console_dashboard_url, trace_id_of),
            notice_ns=settings.retention_notice_hours * HOUR_NS,
            tls=partial(
                server_context,
                settings.admin_tls_certificate_file,
                settings.admin_tls_key_file,
                settings.admin_tls_client_ca_file,
            ),
        ),
        master_key_file=settings.master_key_file,
        batch_rows=settings.recorder_batch_rows,
        batch_ms=settings.recorder_batch_ms,
        interpret_bytes_max=settings.recorder_interpret_bytes_max,
        has_classic_metrics=settings.metrics_genai_names == "classic",
        price_book_file=settings.costs_book_file,
        policies_file=settings.retention_policies_file,
        door=settings.door_policy_file and settings.run_folder / "door-told.sock",
        trail=TrailSettings(
            None if settings.trail_witness_url == "off" else settings.trail_witness_url.rstrip("/"),
            has_lines=settings.log_format == "json",
            is_printed=settings.trail_stdout == "on",
        ),
    )
