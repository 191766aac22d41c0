"""Does recording keep up? Journal, recorder, vault, tables."""

from __future__ import annotations

from typing import Final

from dashboards.declare import Board, Panel, Query, Row, count, quantile, selected, total

FLEET_LAG: Final = "The fleet's engine is behind"
PIPELINE: Final = Board(
    "ixp-pipeline",
    "Interactions Proxy / Audit pipeline",
    "From the gateway's journal to the vault and the tables.",
    (
        Row(
            "Recorder",
            (
                Panel(
                    "Recorder",
                    "1: it answers. 0: dead, frozen or too slow; the gateways go on as long as the journal has room.",
                    "stat",
                    (Query(f"min({selected('ixp_recorder_up')})"),),
                    "short",
                    ((0.0, "red"), (1.0, "green")),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Lag",
                    "Since the recorder last had everything. A minute is an alarm.",
                    "stat",
                    (Query(f"max({selected('ixp_recorder_lag_seconds')})"),),
                    "s",
                    ((10, "yellow"), (60, "red")),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Backlog",
                    "Durable in the journals, not in the vault.",
                    "stat",
                    (Query(f"sum({selected('ixp_recorder_backlog_bytes')})"),),
                    "bytes",
                    ((1_000_000_000, "yellow"), (4_000_000_000, "red")),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Days until the disk is full",
                    "If the last six hours go on. Negative or empty: it does not shrink.",
                    "stat",
                    (
                        Query(
                            f"min({selected('ixp_audit_disk_free_bytes')}) / clamp_min(-min(deriv("
                            f"{selected('ixp_audit_disk_free_bytes')}[6h])), 1) / 86400"
                        ),
                    ),
                    "d",
                    ((0.0, "red"), (4.0, "yellow"), (14.0, "green")),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Came in, journaled, in the vault",
                    "Per second. The three lines lie on one another, or something is behind.",
                    "lines",
                    (
                        Query(total("ixp_gateway_exchanges_seen_total"), "came in"),
                        Query(total("ixp_gateway_exchanges_journaled_total"), "journaled"),
                        Query(total("ixp_audit_exchanges_total"), "in the vault"),
                    ),
                    "ops",
                ),
                Panel(
                    "Waiting",
                    "Exchanges in the vault that DuckDB or the metrics have not taken yet.",
                    "lines",
                    (
                        Query(
                            f"sum({selected('ixp_audit_tables_queued_exchanges')})",
                            "for the tables",
                        ),
                        Query(f"sum({selected('ixp_metrics_queued_exchanges')})", "for metrics"),
                    ),
                ),
                Panel(
                    FLEET_LAG,
                    "Since it last had all of each proxy's vault. Five minutes are an alarm. Empty: there is no fleet.",
                    "lines",
                    (
                        Query(
                            f"max by (instance) ({selected('ixp_fleet_lag_seconds')})",
                            "{{instance}}",
                        ),
                    ),
                    "s",
                    ((300, "red"),),
                ),
            ),
        ),
        Row(
            "Disk",
            (
                Panel(
                    "Commits, p99",
                    "Group commits of the journal, commits of the vault, transactions and checkpoints of DuckDB.",
                    "lines",
                    (
                        Query(quantile(0.99, "ixp_gateway_commit_duration_seconds"), "journal"),
                        Query(quantile(0.99, "ixp_audit_vault_commit_duration_seconds"), "vault"),
                        Query(quantile(0.99, "ixp_audit_tables_write_duration_seconds"), "tables"),
                        Query(
                            quantile(0.99, "ixp_audit_tables_checkpoint_duration_seconds"),
                            "checkpoint",
                        ),
                    ),
                    "s",
                ),
                Panel(
                    "Size",
                    "Of what is kept. Journals shrink once the vault has their exchanges.",
                    "stacked",
                    (
                        Query(f"sum({selected('ixp_gateway_journal_bytes')})", "journals"),
                        Query(f"sum({selected('ixp_audit_vault_bytes')})", "vault"),
                        Query(f"sum({selected('ixp_audit_tables_bytes')})", "tables"),
                        Query(f"sum({selected('ixp_audit_tables_wal_bytes')})", "tables' WAL"),
                    ),
                    "bytes",
                ),
                Panel(
                    "Room of the journals",
                    "low: act soon. short: no exchange begins any more. spent: open ones are closed.",
                    "states",
                    (
                        Query(
                            f"{selected('ixp_gateway_space')} == 1",
                            "{{instance}} worker {{worker}}: {{space}}",
                        ),
                    ),
                ),
                Panel(
                    "Free on the disks",
                    "Of the journals, and of the data folder.",
                    "lines",
                    (
                        Query(f"min({selected('ixp_gateway_journal_free_bytes')})", "journals"),
                        Query(f"min({selected('ixp_audit_disk_free_bytes')})", "data folder"),
                    ),
                    "bytes",
                ),
            ),
        ),
        Row(
            "Traces",
            (
                Panel(
                    "Spans",
                    "Per second: taken by the collector, and not taken. A collector that is away loses spans, never "
                    "records.",
                    "lines",
                    (
                        Query(total("ixp_traces_spans_exported_total"), "taken"),
                        Query(total("ixp_traces_spans_failed_total"), "failed"),
                    ),
                    "ops",
                ),
                Panel(
                    "Exchanges on their way to spans",
                    "Waiting, never made since the collector was too slow, and not wanted by the sampler.",
                    "lines",
                    (
                        Query(f"sum({selected('ixp_traces_queued_exchanges')})", "waiting"),
                        Query(count("ixp_traces_exchanges_dropped_total"), "dropped"),
                        Query(count("ixp_traces_exchanges_unsampled_total"), "not wanted"),
                    ),
                ),
            ),
        ),
        Row(
            "Processes",
            (
                Panel(
                    "Processor time",
                    "Cores in use, by process.",
                    "stacked",
                    (Query(total("ixp_process_cpu_seconds_total", "process"), "{{process}}"),),
                    "short",
                ),
                Panel(
                    "Memory",
                    "Resident, by process.",
                    "lines",
                    (
                        Query(
                            f"max by (process) ({selected('ixp_process_resident_memory_bytes')})",
                            "{{process}}",
                        ),
                    ),
                    "bytes",
                ),
                Panel(
                    "Since when",
                    "Age of each process; a young one was restarted.",
                    "lines",
                    (
                        Query(
                            f"time() - max by (process) ({selected('ixp_process_start_time_seconds')})",
                            "{{process}}",
                        ),
                    ),
                    "s",
                ),
                Panel(
                    "Starts of children",
                    "Each beyond the first is a death or a reload.",
                    "bars",
                    (Query(count("ixp_child_starts_total", by="child")),),
                ),
                Panel(
                    "Signs of life",
                    "Age of each gateway's last; it gives one each second.",
                    "lines",
                    (
                        Query(
                            f"max by (instance, worker) "
                            f"({selected('ixp_gateway_heartbeat_age_seconds')})",
                            "{{instance}} {{worker}}",
                        ),
                    ),
                    "s",
                    ((10, "red"),),
                ),
            ),
        ),
    ),
)
