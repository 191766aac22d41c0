"""Alerts about answers: do callers get them, and in time."""

from __future__ import annotations

from typing import Final

from dashboards.alerting.declare import Alert, Case

_FAILED: Final = 'ixp_exchanges_total{purpose="client", operation="create", code=~"5..|5xx|none"}'
_CREATES: Final = 'ixp_exchanges_total{purpose="client", operation="create"}'


def _burn(factor: float, *windows: str) -> str:
    """The budget of 1 % is spent so many times too fast, in each window."""
    return " and ".join(
        f"sum by (instance) (rate({_FAILED}[{window}])) > {factor} * 0.01 * "
        f"sum by (instance) (rate({_CREATES}[{window}]))"
        for window in windows
    )


def _answers(code: str, answered_by: str = "upstream") -> str:
    labels = f"code='{code}', answered_by='{answered_by}', outcome='complete'"
    return f"ixp_exchanges_total{{instance='p', operation='create', purpose='client', {labels}}}"


_HEALTHY: Final = Case(
    ((_answers("200"), "0+60x500"), (_answers("503"), "0x500")), "120m", fires=False
)

AVAILABILITY: Final = (
    Alert(
        name="ProxyTargetDown",
        severity="page",
        wait="2m",
        expr='up{job=~".*interactions-proxy.*"} == 0',
        summary="{{ $labels.instance }} does not answer scrapes",
        board="ixp-overview",
        meaning="Prometheus cannot reach the ops listener: the supervisor is gone, or the network between.",
        impact="If the proxy is gone, callers get no answers at all.",
        queries=(
            'up{job=~".*interactions-proxy.*"}',
            "ixp_build_info",
            "time() - process_start_time_seconds",
        ),
        mitigation=(
            "See whether the process runs and what it last said.",
            "Start it: it goes on from its records.",
        ),
        verify="up is 1.",
        for_the_record="What was under way is closed as interrupted by the next start, with an act that counts it.",
        cases=(
            Case((("up{job='interactions-proxy', instance='p'}", "1x3 0x10"),), "8m", fires=True),
            Case((("up{job='interactions-proxy', instance='p'}", "1x20"),), "8m", fires=False),
        ),
    ),
    Alert(
        name="InteractionErrorBudgetBurnFast",
        severity="page",
        wait="2m",
        expr=_burn(14.4, "5m", "1h"),
        summary="{{ $labels.instance }}: creates fail so fast that the month's budget is gone in two days",
        board="ixp-overview",
        meaning="Over 14 % of creates failed in the last five minutes and in the last hour.",
        impact="Users see errors now.",
        queries=(
            "sum by (code, answered_by) (rate(ixp_exchanges_total[5m]))",
            "sum by (error) (rate(ixp_upstream_errors_total[5m]))",
            "ixp_gateway_space == 1",
        ),
        mitigation=(
            "answered_by proxy: see JournalSpaceShort, GatewayShedding and the proxy's log.",
            "answered_by upstream: Google fails; its status page, and your own fall-back.",
        ),
        verify="The rate falls below 1 %.",
        cases=(
            Case(((_answers("200"), "0+60x90"), (_answers("503"), "0+30x90")), "80m", fires=True),
            _HEALTHY,
        ),
    ),
    Alert(
        name="InteractionErrorBudgetBurnSlow",
        severity="ticket",
        wait="15m",
        expr=_burn(1, "6h", "3d"),
        summary="{{ $labels.instance }}: more than 1 % of creates fail, hour after hour",
        board="ixp-overview",
        meaning="The failures are few and do not stop: over 1 % in six hours and in three days.",
        impact="The month's budget will not last.",
        queries=(
            "sum by (code, answered_by) (increase(ixp_exchanges_total[6h]))",
            "sum by (error) (increase(ixp_upstream_errors_total[6h]))",
            "sum by (phase) (increase(ixp_client_disconnects_total[6h]))",
        ),
        mitigation=("Find the cause by code and error; there is time.",),
        verify="The six-hour share is below 1 %.",
        cases=(
            Case(
                ((_answers("200"), "0+300x1000"), (_answers("503"), "0+9x1000")),
                "4500m",
                fires=True,
                interval="5m",
            ),
            _HEALTHY,
        ),
    ),
    Alert(
        name="GatewayShedding",
        severity="page",
        wait="5m",
        expr="sum by (instance) (rate(ixp_gateway_shed_total[5m])) > 1",
        summary="{{ $labels.instance }} closes {{ $value | humanize }} connections a second: it has no place",
        board="ixp-streaming",
        meaning="There are as many connections as gateway.connections_max allows, in all or from one address.",
        impact="New callers are turned away.",
        queries=(
            "ixp_gateway_connections",
            "rate(ixp_gateway_shed_total[5m])",
            "ixp_gateway_requests_in_flight",
        ),
        mitigation=(
            "More workers or pods, or a higher limit.",
            "One client that opens too many: talk to its owner.",
        ),
        verify="ixp_gateway_shed_total stands still.",
        cases=(
            Case(
                (("ixp_gateway_shed_total{instance='p', worker='0'}", "0+600x20"),),
                "15m",
                fires=True,
            ),
            Case(
                (("ixp_gateway_shed_total{instance='p', worker='0'}", "5x20"),), "15m", fires=False
            ),
        ),
    ),
    Alert(
        name="GatewayWorkerSilent",
        severity="page",
        wait="1m",
        expr="ixp_gateway_heartbeat_age_seconds > 10",
        summary="{{ $labels.instance }} worker {{ $labels.worker }} gave no sign of life for {{ $value }} s",
        board="ixp-pipeline",
        meaning="Its loop is blocked or the process is stopped. One that died is replaced and not named here.",
        impact="Its connections hang.",
        queries=(
            "ixp_gateway_heartbeat_age_seconds",
            "ixp_gateway_loop_lag_seconds",
            "ixp_gateway_requests_in_flight",
        ),
        mitigation=(
            "Kill that process by its number: the supervisor starts another, records are complete.",
        ),
        verify="Ages are below 2 seconds.",
        for_the_record="Its open exchanges are closed as interrupted, with an act.",
        cases=(
            Case(
                (("ixp_gateway_heartbeat_age_seconds{instance='p', worker='0'}", "1x3 60+60x10"),),
                "8m",
                fires=True,
            ),
            Case(
                (("ixp_gateway_heartbeat_age_seconds{instance='p', worker='0'}", "1x20"),),
                "8m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="UpstreamServerErrors",
        severity="page",
        wait="5m",
        expr='sum by (instance) (rate(ixp_exchanges_total{answered_by="upstream", code=~"5.."}[5m])) > 0.1 * '
        'sum by (instance) (rate(ixp_exchanges_total{answered_by="upstream"}[5m])) and '
        'sum by (instance) (rate(ixp_exchanges_total{answered_by="upstream"}[5m])) > 0.2',
        summary="{{ $labels.instance }}: more than a tenth of Google's answers are 5xx",
        board="ixp-overview",
        meaning="Google fails, not the proxy: these answers were passed on as they came.",
        impact="SDKs send creates again on 5xx, up to four times: some may have been stored and billed.",
        queries=(
            'sum by (code) (rate(ixp_exchanges_total{answered_by="upstream"}[5m]))',
            "sum by (error) (rate(ixp_upstream_errors_total[5m]))",
            "sum by (operation) (rate(ixp_exchanges_total[5m]))",
        ),
        mitigation=("Google's status page; another model or region of yours.",),
        verify="The share falls below 10 %.",
        for_the_record="Creates that failed so may exist at Google without anybody knowing their id.",
        cases=(
            Case(((_answers("200"), "0+60x30"), (_answers("503"), "0+30x30")), "20m", fires=True),
            _HEALTHY,
        ),
    ),
    Alert(
        name="UpstreamRateLimited",
        severity="ticket",
        wait="10m",
        expr='sum by (instance) (rate(ixp_exchanges_total{code="429"}[5m])) > 0.05 * '
        "sum by (instance) (rate(ixp_exchanges_total[5m]))",
        summary="{{ $labels.instance }}: more than 5 % of answers are 429",
        board="ixp-overview",
        meaning="Google's quota for this project is used up, or a client asks too fast.",
        impact="Callers wait and try again.",
        queries=(
            'sum by (operation) (rate(ixp_exchanges_total{code="429"}[5m]))',
            "sum by (model) (rate(ixp_interactions_total[5m]))",
            "sum by (type) (rate(ixp_tokens_total[5m]))",
        ),
        mitigation=(
            "Ask for more quota, or slow the client that asks most (`sql --list`: rate limits).",
        ),
        verify="The share falls below 5 %.",
        cases=(
            Case(((_answers("200"), "0+60x40"), (_answers("429"), "0+10x40")), "30m", fires=True),
            _HEALTHY,
        ),
    ),
    Alert(
        name="TimeToFirstEventHigh",
        severity="ticket",
        wait="10m",
        expr="histogram_quantile(0.95, sum by (instance, model, le) "
        "(rate(ixp_time_to_first_event_seconds_bucket[10m]))) > 10",
        summary="{{ $labels.model }}: 5 % of streams wait over 10 s for their first event",
        board="ixp-streaming",
        meaning="Google takes long to begin, or the way there does.",
        impact="Users of streams look at nothing.",
        queries=(
            "histogram_quantile(0.5, sum by (model, le) (rate(ixp_time_to_first_event_seconds_bucket[10m])))",
            "histogram_quantile(0.99, sum by (le) (rate(ixp_gateway_commit_wait_seconds_bucket[10m])))",
            "ixp_gateway_loop_lag_seconds",
        ),
        mitigation=(
            "If commit wait and loop lag are small, it is Google: another model, less thinking.",
        ),
        verify="p95 is below 10 s.",
        cases=(
            Case(
                (
                    (
                        "ixp_time_to_first_event_seconds_bucket{instance='p', model='m', le='10.0'}",
                        "0+1x60",
                    ),
                    (
                        "ixp_time_to_first_event_seconds_bucket{instance='p', model='m', le='20.0'}",
                        "0+9x60",
                    ),
                    (
                        "ixp_time_to_first_event_seconds_bucket{instance='p', model='m', le='+Inf'}",
                        "0+9x60",
                    ),
                ),
                "40m",
                fires=True,
            ),
            Case(
                (
                    (
                        "ixp_time_to_first_event_seconds_bucket{instance='p', model='m', le='10.0'}",
                        "0+9x60",
                    ),
                    (
                        "ixp_time_to_first_event_seconds_bucket{instance='p', model='m', le='+Inf'}",
                        "0+9x60",
                    ),
                ),
                "40m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="ProxyOverheadHigh",
        severity="ticket",
        wait="10m",
        expr="histogram_quantile(0.99, sum by (instance, le) "
        "(rate(ixp_gateway_commit_wait_seconds_bucket[10m]))) > 0.05",
        summary="{{ $labels.instance }}: recording makes 1 % of answers wait over 50 ms",
        board="ixp-streaming",
        meaning="Group commits wait long: the disk is slow or shared.",
        impact="In mode strict every piece of an answer waits for its commit.",
        queries=(
            "histogram_quantile(0.99, sum by (le) (rate(ixp_gateway_commit_duration_seconds_bucket[10m])))",
            "ixp_gateway_loop_lag_seconds",
            "rate(ixp_process_cpu_seconds_total[5m])",
        ),
        mitigation=(
            "Put the journal on a disk of its own, with a fast sync.",
            "Fewer neighbours on that machine.",
        ),
        verify="p99 is below 50 ms.",
        cases=(
            Case(
                (
                    ("ixp_gateway_commit_wait_seconds_bucket{instance='p', le='0.032'}", "0+1x60"),
                    ("ixp_gateway_commit_wait_seconds_bucket{instance='p', le='0.128'}", "0+9x60"),
                    ("ixp_gateway_commit_wait_seconds_bucket{instance='p', le='+Inf'}", "0+9x60"),
                ),
                "40m",
                fires=True,
            ),
            Case(
                (
                    ("ixp_gateway_commit_wait_seconds_bucket{instance='p', le='0.032'}", "0+9x60"),
                    ("ixp_gateway_commit_wait_seconds_bucket{instance='p', le='+Inf'}", "0+9x60"),
                ),
                "40m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="EventLoopLagHigh",
        severity="ticket",
        wait="5m",
        expr="ixp_gateway_loop_lag_seconds > 0.25",
        summary="{{ $labels.instance }} worker {{ $labels.worker }} is {{ $value | humanizeDuration }} late",
        board="ixp-streaming",
        meaning="A gateway has more to do than its core can.",
        impact="Everything it carries is late.",
        queries=(
            "ixp_gateway_loop_lag_seconds",
            'rate(ixp_process_cpu_seconds_total{process=~"gateway.*"}[5m])',
            "ixp_gateway_requests_in_flight",
        ),
        mitigation=("More workers (gateway.workers), or more pods.",),
        verify="The lag is below 0.05 s.",
        cases=(
            Case(
                (("ixp_gateway_loop_lag_seconds{instance='p', worker='0'}", "0.5x20"),),
                "12m",
                fires=True,
            ),
            Case(
                (("ixp_gateway_loop_lag_seconds{instance='p', worker='0'}", "0.5 0.01x20"),),
                "12m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="ChildrenRestarting",
        severity="ticket",
        wait="0m",
        expr="sum by (instance, child) (increase(ixp_child_starts_total[30m])) > 3",
        summary="{{ $labels.instance }}: the {{ $labels.child }} was started {{ $value | humanize }} times in 30 minutes",
        board="ixp-pipeline",
        meaning="A process dies again and again.",
        impact="A gateway's death cuts its streams. A recorder's costs only time.",
        queries=(
            "increase(ixp_child_starts_total[1h])",
            "ixp_process_resident_memory_bytes",
            "ixp_recorder_lag_seconds",
        ),
        mitigation=("Read what it says last, and report it.",),
        verify="No further starts for half an hour.",
        for_the_record="Each death of a gateway leaves an act of kind recovery.",
        cases=(
            Case(
                (("ixp_child_starts_total{instance='p', child='recorder'}", "1+1x30"),),
                "20m",
                fires=True,
            ),
            Case(
                (("ixp_child_starts_total{instance='p', child='recorder'}", "1x30"),),
                "20m",
                fires=False,
            ),
        ),
    ),
)
