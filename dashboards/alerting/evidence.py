"""Alerts about the record itself: is it complete, does it keep up, has it room."""

from __future__ import annotations

from typing import Final

from dashboards.alerting.declare import Alert, Case

_SEEN: Final = "ixp_gateway_exchanges_seen_total{instance='p', worker='0'}"
_KEPT: Final = "ixp_audit_exchanges_total{instance='p'}"
_FLIGHT: Final = "ixp_gateway_requests_in_flight{instance='p', worker='0'}"
_MISSING: Final = (
    "sum by (instance) (increase(ixp_gateway_exchanges_seen_total[15m]))"
    " - sum by (instance) (increase(ixp_audit_exchanges_total[15m]))"
    " - sum by (instance) (ixp_gateway_requests_in_flight)"
)
_SPACE: Final = "ixp_gateway_space{instance='p', worker='0', space='%s'}"

EVIDENCE: Final = (
    Alert(
        name="RecorderDown",
        severity="page",
        wait="2m",
        expr="ixp_recorder_up == 0",
        summary="The recorder of {{ $labels.instance }} does not answer",
        board="ixp-pipeline",
        meaning="The recorder process is dead, frozen or too slow to answer a scrape. The supervisor starts it anew "
        "when it dies; a frozen one it cannot tell from a busy one.",
        impact="Callers notice nothing: the gateways go on and keep everything in their journals until these have no "
        "room left. New records are not in SQL; metrics that come from records stand still.",
        queries=(
            "ixp_recorder_lag_seconds",
            "sum by (instance) (ixp_recorder_backlog_bytes)",
            "increase(ixp_child_starts_total[1h])",
        ),
        mitigation=(
            "Read the recorder's last log lines: it says why it stopped.",
            "If it is frozen (state T or D in ps), kill that process: the next goes on from the last commit.",
            "If the disk is full, free some: it starts by itself.",
        ),
        verify="ixp_recorder_up is 1 and ixp_recorder_lag_seconds falls below 10.",
        for_the_record="Lag is not loss: the journal holds what the vault does not. Note from when to when it lasted.",
        cases=(
            Case((("ixp_recorder_up{instance='p'}", "1x3 0x10"),), "8m", fires=True),
            Case((("ixp_recorder_up{instance='p'}", "1 0 1x10"),), "8m", fires=False),
        ),
    ),
    Alert(
        name="RecorderBehind",
        severity="page",
        wait="5m",
        expr="ixp_recorder_lag_seconds > 60",
        summary="Records of {{ $labels.instance }} are {{ $value | humanizeDuration }} behind",
        board="ixp-pipeline",
        meaning="The recorder has not had everything that is in the journals for over a minute.",
        impact="SQL, metrics and traces are late. Nothing is lost while the journal has room.",
        queries=(
            "ixp_recorder_backlog_bytes",
            "rate(ixp_audit_exchanges_total[5m])",
            "histogram_quantile(0.99, sum by (le) (rate(ixp_audit_vault_commit_duration_seconds_bucket[5m])))",
        ),
        mitigation=(
            "Slow commits: another program fills the disk's queue; move it away.",
            "More traffic than one recorder takes: add a pod with a data folder of its own.",
            "If it does not answer at all, see RecorderDown.",
        ),
        verify="The lag falls below 10 seconds and stays there.",
        for_the_record="Note the longest lag: until then, SQL did not show the latest exchanges.",
        cases=(
            Case((("ixp_recorder_lag_seconds{instance='p'}", "0+60x20"),), "12m", fires=True),
            Case((("ixp_recorder_lag_seconds{instance='p'}", "5 90 90 5x20"),), "12m", fires=False),
        ),
    ),
    Alert(
        name="AuditCoverageGap",
        severity="page",
        wait="10m",
        expr=f"({_MISSING}) > 5 and ({_MISSING}) > 0.001 * sum by (instance) "
        "(increase(ixp_gateway_exchanges_seen_total[15m]))",
        summary="{{ $labels.instance }}: {{ $value | humanize }} exchanges of 15 minutes are not recorded",
        board="ixp-pipeline",
        meaning="More came in than reached the vault, by the gateways' own count. It is measured without the "
        "recorder's help, so it fires when the recorder is at fault, too.",
        impact="Evidence is late, or missing and declared. In mode strict nobody was answered without a record in the "
        "journal.",
        queries=(
            "sum by (instance) (increase(ixp_audit_gap_exchanges_total[1h]))",
            "ixp_recorder_up",
            "ixp_recorder_lag_seconds",
        ),
        mitigation=(
            "A recorder that is down or behind explains it: see RecorderDown, RecorderBehind.",
            'Else ask `interactions-proxy status` and `sql "FROM gaps"`: each gap says why.',
        ),
        verify="The difference falls below 5, and gaps name whatever did not come.",
        for_the_record="Keep the gap records and the time range with the incident.",
        cases=(
            Case(((_SEEN, "0+60x40"), (_KEPT, "0x40"), (_FLIGHT, "2x40")), "35m", fires=True),
            Case(((_SEEN, "0+60x40"), (_KEPT, "0+60x40"), (_FLIGHT, "2x40")), "35m", fires=False),
            Case(((_SEEN, "9x40"), (_KEPT, "9x40"), (_FLIGHT, "0x40")), "35m", fires=False),
        ),
    ),
    Alert(
        name="AuditGapDeclared",
        severity="page",
        wait="0m",
        expr="sum by (instance) (increase(ixp_audit_gap_exchanges_total[10m])) > 0",
        summary="{{ $labels.instance }} declared {{ $value | humanize }} exchanges as not recorded",
        board="ixp-compliance",
        meaning="A gap record was written: exchanges passed, or were refused, without being recorded whole.",
        impact="In mode available: they passed and are not there. In mode strict: they were refused and nothing was "
        "sent.",
        queries=(
            "sum by (instance) (increase(ixp_audit_gaps_total[1h]))",
            "ixp_gateway_mode",
            "ixp_gateway_space == 1",
        ),
        mitigation=(
            'Ask `interactions-proxy sql "FROM gaps ORDER BY seen_at DESC"` for the reason.',
            "Room: free the disk, or raise journal.budget_bytes. A failing disk: move the data folder.",
        ),
        verify="No new gap for ten minutes.",
        for_the_record="The gap's own record: count, bytes, first and last instant, reason.",
        cases=(
            Case((("ixp_audit_gap_exchanges_total{instance='p'}", "0x5 7x5"),), "7m", fires=True),
            Case((("ixp_audit_gap_exchanges_total{instance='p'}", "7x20"),), "15m", fires=False),
        ),
    ),
    Alert(
        name="RecordingNotStrict",
        severity="ticket",
        wait="15m",
        expr='max by (instance, worker) (ixp_gateway_mode{journal_mode="available"}) == 1',
        summary="{{ $labels.instance }} worker {{ $labels.worker }} answers without waiting for the record",
        board="ixp-compliance",
        meaning="Mode available: answers do not wait for the disk, and what cannot be recorded is counted, not refused.",
        impact="After a crash some exchanges may be declared missing instead of recorded.",
        queries=(
            "ixp_gateway_mode",
            'sum by (instance) (increase(ixp_audit_acts_total{kind="mode"}[1d]))',
            "sum by (instance) (increase(ixp_audit_gap_exchanges_total[1d]))",
        ),
        mitigation=(
            "Set journal.mode = strict and send SIGHUP, unless somebody decided otherwise.",
            "If somebody did, silence this alert and write down who and why.",
        ),
        verify="ixp_gateway_mode with journal_mode strict is 1 for every worker.",
        for_the_record="The acts of kind mode say from when to when.",
        cases=(
            Case(
                (("ixp_gateway_mode{instance='p', worker='0', journal_mode='available'}", "1x30"),),
                "20m",
                fires=True,
            ),
            Case(
                (("ixp_gateway_mode{instance='p', worker='0', journal_mode='available'}", "0x30"),),
                "20m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="JournalSpaceLow",
        severity="ticket",
        wait="5m",
        expr='ixp_gateway_space{space="low"} == 1',
        summary="{{ $labels.instance }} worker {{ $labels.worker }}: the journal's disk has little room",
        board="ixp-pipeline",
        meaning="Free space is below journal.soft_bytes, or most of the budget is used.",
        impact="None yet. Below journal.hard_bytes no exchange begins.",
        queries=(
            "ixp_gateway_journal_free_bytes",
            "ixp_gateway_journal_bytes",
            "ixp_recorder_backlog_bytes",
        ),
        mitigation=("Free or enlarge the disk.", "If the recorder is behind, see RecorderBehind."),
        verify="ixp_gateway_space with space ample is 1.",
        cases=(
            Case(((_SPACE % "low", "0x5 1x20"),), "15m", fires=True),
            Case(((_SPACE % "low", "0x5 1x2 0x20"),), "15m", fires=False),
        ),
    ),
    Alert(
        name="JournalSpaceShort",
        severity="page",
        wait="1m",
        expr='max by (instance, worker) (ixp_gateway_space{space=~"short|spent"}) == 1',
        summary="{{ $labels.instance }} worker {{ $labels.worker }}: the journal has no room, no exchange begins",
        board="ixp-pipeline",
        meaning="Free space is below journal.hard_bytes or the budget is used up. Open exchanges are closed from the "
        "reserve.",
        impact="Strict: callers get 503 with Retry-After and nothing is sent. Available: exchanges pass unrecorded "
        "and are counted.",
        queries=(
            "ixp_gateway_journal_free_bytes",
            "rate(ixp_gateway_refused_total[5m])",
            "ixp_recorder_up",
        ),
        mitigation=(
            "Free space now: the gateways notice within five seconds.",
            "Never delete files in the data folder by hand: they are the evidence.",
        ),
        verify="ixp_gateway_space with space ample is 1; refusals stop.",
        for_the_record="Gap records count what was refused or passed unrecorded.",
        cases=(
            Case(((_SPACE % "short", "0x3 1x10"),), "8m", fires=True),
            Case(((_SPACE % "short", "0x20"), (_SPACE % "low", "1x20")), "8m", fires=False),
        ),
    ),
    Alert(
        name="DiskFillingUp",
        severity="ticket",
        wait="1h",
        expr="predict_linear(ixp_audit_disk_free_bytes[6h], 4 * 86400) < 0",
        summary="The data folder of {{ $labels.instance }} will be full within four days",
        board="ixp-pipeline",
        meaning="If the last six hours go on, the disk is full in four days.",
        impact="None yet; then JournalSpaceShort.",
        queries=("ixp_audit_disk_free_bytes", "ixp_audit_vault_bytes", "ixp_audit_tables_bytes"),
        mitigation=(
            "Enlarge the disk, or shorten how long records are kept.",
            "See what grew: vault or tables.",
        ),
        verify="The prediction is above zero.",
        cases=(
            Case(
                (("ixp_audit_disk_free_bytes{instance='p'}", "100000000000-200000000x150"),),
                "120m",
                fires=True,
            ),
            Case(
                (("ixp_audit_disk_free_bytes{instance='p'}", "100000000000x150"),),
                "120m",
                fires=False,
            ),
        ),
    ),
    Alert(
        name="TablesNotFollowing",
        severity="ticket",
        wait="5m",
        expr="ixp_audit_tables_up == 0",
        summary="DuckDB of {{ $labels.instance }} does not follow the vault",
        board="ixp-pipeline",
        meaning="DuckDB cannot take rows: a full disk, a locked or a damaged file.",
        impact="SQL answers are old. The vault is complete: nothing is lost.",
        queries=(
            "ixp_audit_tables_queued_exchanges",
            "ixp_audit_disk_free_bytes",
            "ixp_recorder_lag_seconds",
        ),
        mitigation=(
            "`interactions-proxy status` says why.",
            "A damaged file: stop the proxy, run `interactions-proxy rebuild`: it is made anew from the vault.",
        ),
        verify="ixp_audit_tables_up is 1 and the queue is empty.",
        for_the_record="The vault is the record; the tables are an index of it.",
        cases=(
            Case((("ixp_audit_tables_up{instance='p'}", "1x3 0x20"),), "12m", fires=True),
            Case((("ixp_audit_tables_up{instance='p'}", "1 0 0 1x20"),), "12m", fires=False),
        ),
    ),
    Alert(
        name="FleetBehind",
        severity="ticket",
        wait="5m",
        expr="ixp_fleet_lag_seconds > 300",
        summary="The fleet's engine is {{ $value | humanizeDuration }} behind {{ $labels.instance }}",
        board="ixp-pipeline",
        meaning="The shipper of this proxy did not get through for minutes: its vault shipped to the end, others' orders "
        "heeded, the engine's files in order. PostgreSQL or the object storage does not answer or refuses, the recorder "
        "does not, the shipper dies, or more comes in than it ships.",
        impact="Questions to the fleet do not show the latest of this proxy. Its own record is complete, and what is "
        "missing is shipped later, once. Erasures and holds of other proxies wait, too, and a steward deletes nothing "
        "while the catalog is away.",
        queries=(
            "ixp_fleet_up",
            "increase(ixp_child_starts_total{child='shipper'}[1h])",
            "ixp_recorder_lag_seconds",
        ),
        mitigation=(
            "`interactions-proxy status` says why; the shipper's log lines have the event fleet_behind.",
            "See whether the catalog and the storage answer from this machine, with the roles of fleet.engine_file.",
            "It says nothing is wrong, and the lag grows: the link is too slow, or `every_s` too large.",
        ),
        verify="ixp_fleet_up is 1 and ixp_fleet_lag_seconds falls below twice every_s.",
        for_the_record="Note from when to when: answers of the fleet in that time did not have all of this proxy.",
        cases=(
            Case((("ixp_fleet_lag_seconds{instance='p'}", "0+60x20"),), "14m", fires=True),
            Case((("ixp_fleet_lag_seconds{instance='p'}", "5 400 400 5x20"),), "14m", fires=False),
        ),
    ),
)
