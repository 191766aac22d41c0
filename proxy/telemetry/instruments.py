"""The catalogue of metrics: each one once. Code, dashboards, alerts and documents take names from here.

Names follow Prometheus: `ixp_`, base units, counters end in `_total`. Where a metric comes from says what
a restart does to it:

- FACTS: counted from committed facts, exactly once; goes on after a restart of the recorder.
- RECORDER: read from the running recorder; histograms begin anew with it.
- GATEWAY: read from the worker pages (and the shipper's note) by the supervisor; there while the recorder is dead or frozen.
"""

from __future__ import annotations

from typing import Final

from proxy.telemetry.evidence import COPIES, FLEET, TRAIL
from proxy.telemetry.metrics.declare import (
    CLASSIC_SECONDS,
    COMMIT_SECONDS,
    FIRST_SECONDS,
    LONG_SECONDS,
    STORE_SECONDS,
    TOKEN_RATE,
    TOKENS,
    Instrument,
    Source,
    counter,
    gauge,
    histogram,
)

_F: Final = Source.FACTS
_R: Final = Source.RECORDER
_G: Final = Source.GATEWAY
_S: Final = "seconds"
_B: Final = "bytes"

TRAFFIC: Final = (
    counter(
        "ixp_exchanges_total",
        _F,
        "operation code outcome answered_by purpose",
        "HTTP exchanges in the vault, each once: as many as table exchanges has rows.",
    ),
    histogram(
        "ixp_exchange_duration_seconds",
        _F,
        "operation mode",
        "From the request head to the end of the answer; mode is unary or stream.",
        LONG_SECONDS,
        exemplars=True,
    ),
    histogram(
        "ixp_response_head_seconds",
        _F,
        "operation",
        "From the request head to the head of the answer: upstream's time and ours before it.",
        LONG_SECONDS,
        exemplars=True,
    ),
    counter("ixp_request_bytes_total", _F, "operation", "Bytes of request bodies.", unit=_B),
    counter("ixp_response_bytes_total", _F, "operation", "Bytes of response bodies.", unit=_B),
    counter("ixp_stream_events_total", _F, "operation", "Server-sent events passed on."),
    counter(
        "ixp_upstream_errors_total",
        _F,
        "operation error",
        "Answers with an error of Google's, in-band errors of streams included.",
    ),
    counter(
        "ixp_client_disconnects_total", _F, "phase", "Exchanges whose client left before the end."
    ),
)
INTERACTIONS: Final = (
    counter(
        "ixp_creates_total", _F, "mode store", "Interactions asked for, whatever became of them."
    ),
    counter(
        "ixp_interactions_total",
        _F,
        "model mode status",
        "Interactions created here that ended, each once, when their end was first seen.",
    ),
    histogram(
        "ixp_interaction_duration_seconds",
        _F,
        "model mode",
        "Of interactions that ended: from the request to the end; background: to when it was seen.",
        LONG_SECONDS,
        exemplars=True,
    ),
    histogram(
        "ixp_time_to_first_event_seconds",
        _F,
        "model",
        "Streams: from the request head to the first whole event.",
        FIRST_SECONDS,
        exemplars=True,
    ),
    histogram(
        "ixp_time_to_first_output_seconds",
        _F,
        "model",
        "Streams: from the request head to the start of the first model_output step.",
        FIRST_SECONDS,
        exemplars=True,
    ),
    histogram(
        "ixp_stream_gap_seconds",
        _F,
        "model",
        "Streams: the longest silence between two pieces.",
        FIRST_SECONDS,
    ),
    histogram(
        "ixp_output_tokens_per_second",
        _F,
        "model",
        "Streams: output and thought tokens by the stream's duration.",
        TOKEN_RATE,
        unit="tokens",
    ),
    counter(
        "ixp_turns_total",
        _F,
        "place",
        "Creates by their place in a conversation; all by first is the mean length.",
    ),
    gauge(
        "ixp_background_interactions",
        _F,
        "status",
        "Background interactions whose end was not seen yet.",
    ),
    gauge(
        "ixp_background_oldest_age_seconds",
        _F,
        "",
        "Age of the oldest of them; 0: there is none.",
        unit=_S,
    ),
)
STEPS: Final = (
    counter(
        "ixp_steps_total",
        _F,
        "type outcome",
        "Steps that came out of interactions, each once; cut: its end was not seen.",
    ),
    histogram(
        "ixp_step_duration_seconds",
        _F,
        "type",
        "Streams: from step.start to step.stop.",
        LONG_SECONDS,
    ),
    counter("ixp_tool_calls_total", _F, "tool side", "Calls of tools, each once."),
    counter(
        "ixp_tool_results_total",
        _F,
        "tool side outcome",
        "Answers of tools; a client's when a later turn brings them.",
    ),
    counter(
        "ixp_grounding_queries_total",
        _F,
        "tool",
        "Uses of grounding tools, as Google counted them.",
    ),
)
TOKENS_AND_MONEY: Final = (
    counter(
        "ixp_tokens_total",
        _F,
        "model type",
        "Tokens of interactions that ended, each once; input includes cached_input.",
        unit="tokens",
    ),
    counter(
        "ixp_cost_usd_total",
        _F,
        "model item",
        "Estimate by the dated price book of when it ended; SQL has the exact one.",
        unit="usd",
    ),
    counter(
        "ixp_unpriced_interactions_total",
        _F,
        "model",
        "Interactions of which the price book did not know all prices.",
    ),
)
DRIFT: Final = (
    counter(
        "ixp_protocol_unknown_total",
        _F,
        "kind",
        "Names of Google's that this release does not know: kept raw, worth a look.",
    ),
    counter("ixp_problems_total", _F, "kind", "Odd things that did not stop the recording."),
)
AUDIT: Final = (
    counter("ixp_audit_gaps_total", _F, "", "Records that say that something was not recorded."),
    counter(
        "ixp_audit_gap_exchanges_total", _F, "", "Exchanges that these records say are missing."
    ),
    counter("ixp_audit_acts_total", _F, "kind", "What happened to the recording itself."),
    gauge("ixp_audit_open_exchanges", _R, "", "Exchanges under way, as the recorder sees them."),
    gauge("ixp_audit_held_bytes", _R, "", "Of bodies that the recorder holds of them.", unit=_B),
    gauge("ixp_audit_vault_bytes", _R, "", "Size of the vault's files.", unit=_B),
    gauge("ixp_audit_tables_bytes", _R, "", "Size of the DuckDB file.", unit=_B),
    gauge("ixp_audit_tables_wal_bytes", _R, "", "What the next checkpoint moves.", unit=_B),
    gauge("ixp_audit_disk_free_bytes", _R, "", "Free on the disk of the data folder.", unit=_B),
    histogram(
        "ixp_audit_vault_commit_duration_seconds",
        _R,
        "",
        "Commits of the vault: append and sync.",
        STORE_SECONDS,
    ),
    histogram(
        "ixp_audit_tables_write_duration_seconds",
        _R,
        "",
        "Transactions of DuckDB.",
        STORE_SECONDS,
    ),
    histogram(
        "ixp_audit_tables_checkpoint_duration_seconds",
        _R,
        "",
        "Checkpoints of DuckDB.",
        STORE_SECONDS,
    ),
    gauge("ixp_audit_tables_queued_exchanges", _R, "", "In the vault, not yet in DuckDB."),
    gauge(
        "ixp_audit_tables_up", _R, "", "1: DuckDB follows the vault. 0: it does not, see the log."
    ),
    gauge(
        "ixp_metrics_queued_exchanges", _R, "", "In the vault, not yet counted in these metrics."
    ),
    gauge("ixp_traces_queued_exchanges", _R, "", "In the vault, their spans not yet made."),
    counter("ixp_traces_spans_exported_total", _R, "", "Spans that the collector took."),
    counter("ixp_traces_spans_failed_total", _R, "", "Spans that the collector did not take."),
    counter(
        "ixp_traces_exchanges_dropped_total",
        _R,
        "",
        "Exchanges whose spans were never made, since the collector was too slow.",
    ),
    counter("ixp_traces_exchanges_unsampled_total", _R, "", "Exchanges whose spans nobody wants."),
    gauge("ixp_build_info", _R, "version python", "Always 1; the labels say what runs."),
)
GATEWAY: Final = (
    counter(
        "ixp_gateway_exchanges_seen_total",
        _G,
        "worker",
        "Exchanges that came in, counted before anything else happens.",
    ),
    counter(
        "ixp_gateway_exchanges_journaled_total",
        _G,
        "worker",
        "Exchanges whose beginning is durable in the journal.",
    ),
    counter(
        "ixp_gateway_refused_total", _G, "worker", "Requests that the proxy answered by itself."
    ),
    counter(
        "ixp_gateway_shed_total", _G, "worker", "Connections closed at once: there was no place."
    ),
    counter(
        "ixp_gateway_cut_heads_total",
        _G,
        "worker",
        "Connections that broke inside a request's head.",
    ),
    gauge("ixp_gateway_requests_in_flight", _G, "worker", "Requests under way."),
    gauge("ixp_gateway_connections", _G, "worker", "Client connections."),
    gauge(
        "ixp_gateway_loop_lag_seconds",
        _G,
        "worker",
        "How late the loop's last second was.",
        unit=_S,
    ),
    gauge(
        "ixp_gateway_heartbeat_age_seconds",
        _G,
        "worker",
        "Since the worker's last sign of life; it gives one each second.",
        unit=_S,
    ),
    gauge(
        "ixp_gateway_mode", _G, "worker journal_mode", "1: the worker's mode now. 0: not this one."
    ),
    gauge("ixp_gateway_space", _G, "worker space", "1: the journal's room now. 0: not this one."),
    gauge("ixp_gateway_journal_bytes", _G, "worker", "What the journal's files take.", unit=_B),
    gauge("ixp_gateway_journal_free_bytes", _G, "worker", "Free on the journal's disk.", unit=_B),
    histogram(
        "ixp_gateway_commit_duration_seconds",
        _G,
        "worker",
        "Group commits of the journal: seal, write, sync.",
        COMMIT_SECONDS,
    ),
    histogram(
        "ixp_gateway_commit_wait_seconds",
        _G,
        "worker",
        "Of each group commit: how long its oldest note waited. In strict, what the proxy adds.",
        COMMIT_SECONDS,
    ),
    gauge(
        "ixp_recorder_up",
        _G,
        "",
        "1: the recorder answered this scrape. 0: dead, frozen or too slow.",
    ),
    gauge(
        "ixp_recorder_lag_seconds",
        _G,
        "",
        "Since the recorder last had everything that was in the journals; grows while it is away.",
        unit=_S,
    ),
    gauge(
        "ixp_recorder_backlog_bytes",
        _G,
        "",
        "Durable in the journals and not taken by the recorder; grows while it is away.",
        unit=_B,
    ),
    counter(
        "ixp_audit_exchanges_total",
        _G,
        "",
        "Exchanges in the vault since it began, as the recorder last said.",
    ),
    counter("ixp_child_starts_total", _G, "child", "Starts of child processes."),
    gauge(
        "ixp_process_start_time_seconds",
        _G,
        "process",
        "When each process began, seconds since 1970; its changes are restarts.",
        unit=_S,
    ),
    counter("ixp_process_cpu_seconds_total", _G, "process", "CPU time of each process.", unit=_S),
    gauge("ixp_process_resident_memory_bytes", _G, "process", "Memory of each process.", unit=_B),
)
_CLASSIC_LABELS: Final = "gen_ai_operation_name gen_ai_provider_name gen_ai_request_model"
CLASSIC: Final = (
    histogram(
        "gen_ai_client_operation_duration_seconds",
        _F,
        f"{_CLASSIC_LABELS} error_type",
        "As ixp_interaction_duration_seconds, under the conventions' older name.",
        CLASSIC_SECONDS,
    ),
    histogram(
        "gen_ai_client_token_usage",
        _F,
        f"{_CLASSIC_LABELS} gen_ai_token_type",
        "Tokens of each interaction, under the conventions' older name.",
        TOKENS,
        unit="tokens",
    ),
    histogram(
        "gen_ai_client_operation_time_to_first_chunk_seconds",
        _F,
        _CLASSIC_LABELS,
        "As ixp_time_to_first_event_seconds, under the conventions' older name.",
        CLASSIC_SECONDS,
    ),
)
"""Beside ours, so that dashboards made for other gateways have something to show; can be turned off."""

INSTRUMENTS: Final[dict[str, Instrument]] = {
    each.name: each
    for group in (
        *(TRAFFIC, INTERACTIONS, STEPS, TOKENS_AND_MONEY, DRIFT, AUDIT),
        *(TRAIL, COPIES, FLEET, GATEWAY),
        CLASSIC,
    )
    for each in group
}
"""By name, in the order in which they are written out."""
