"""Why does it feel slow? Streams and latency, by model."""

from __future__ import annotations

from typing import Final

from dashboards.declare import Board, Panel, Query, Row, heat, or_nothing, quantile, selected, total

_MODEL: Final = 'model=~"$model"'

STREAMING: Final = Board(
    "ixp-streaming",
    "Interactions Proxy / Streaming and latency",
    "Where time goes: Google's thinking, the stream's pauses, our own part.",
    (
        Row(
            "What users feel",
            (
                Panel(
                    "Time to first event, p95",
                    "From the request to the first whole event of a stream, by model. Streams only: a unary answer "
                    "has no first event.",
                    "lines",
                    (
                        Query(
                            quantile(0.95, "ixp_time_to_first_event_seconds", "model", _MODEL),
                            "{{model}}",
                        ),
                    ),
                    "s",
                    ((10, "red"),),
                    exemplars=True,
                ),
                Panel(
                    "Time to first output, p95",
                    "Until the model's own text begins: thoughts come earlier.",
                    "lines",
                    (
                        Query(
                            quantile(0.95, "ixp_time_to_first_output_seconds", "model", _MODEL),
                            "{{model}}",
                        ),
                    ),
                    "s",
                    exemplars=True,
                ),
                Panel(
                    "Longest silence of a stream, p95",
                    "Users take a long pause for a hang.",
                    "lines",
                    (
                        Query(
                            quantile(0.95, "ixp_stream_gap_seconds", "model", _MODEL), "{{model}}"
                        ),
                    ),
                    "s",
                ),
                Panel(
                    "Speed of output, median",
                    "Output and thought tokens by the stream's duration.",
                    "lines",
                    (
                        Query(
                            quantile(0.5, "ixp_output_tokens_per_second", "model", _MODEL),
                            "{{model}}",
                        ),
                    ),
                    "tokens/s",
                ),
                Panel(
                    "Duration by mode, p95",
                    "Whole exchanges, as callers see them.",
                    "lines",
                    (
                        Query(
                            quantile(0.95, "ixp_exchange_duration_seconds", "operation mode"),
                            "{{operation}} {{mode}}",
                        ),
                    ),
                    "s",
                    exemplars=True,
                ),
                Panel(
                    "Clients that left",
                    "Per second, by how far the answer was.",
                    "stacked",
                    (
                        Query(
                            or_nothing(total("ixp_client_disconnects_total", "phase")), "{{phase}}"
                        ),
                    ),
                    "reqps",
                ),
            ),
        ),
        Row(
            "Our part",
            (
                Panel(
                    "Commit wait",
                    "How long notes waited for their group commit: in mode strict, what an answer waits for.",
                    "heatmap",
                    (Query(heat("ixp_gateway_commit_wait_seconds")),),
                    "s",
                ),
                Panel(
                    "Group commits, p50 and p99",
                    "Seal, write and sync: the disk, mostly.",
                    "lines",
                    (
                        Query(quantile(0.5, "ixp_gateway_commit_duration_seconds"), "p50"),
                        Query(quantile(0.99, "ixp_gateway_commit_duration_seconds"), "p99"),
                    ),
                    "s",
                    ((0.05, "red"),),
                ),
                Panel(
                    "Loop lag",
                    "How late each gateway's loop is: above a quarter second it has more than it can do.",
                    "lines",
                    (
                        Query(
                            f"max by (instance, worker) ({selected('ixp_gateway_loop_lag_seconds')})",
                            "{{instance}} {{worker}}",
                        ),
                    ),
                    "s",
                    ((0.25, "red"),),
                ),
                Panel(
                    "Turned away",
                    "Requests answered by ourselves, connections closed at once or broken in a head, per second.",
                    "lines",
                    (
                        Query(total("ixp_gateway_refused_total"), "refused"),
                        Query(total("ixp_gateway_shed_total"), "shed"),
                        Query(total("ixp_gateway_cut_heads_total"), "cut in the head"),
                    ),
                    "reqps",
                    ((1, "red"),),
                ),
            ),
        ),
    ),
    has_models=True,
)
