"""From a declared dashboard to Grafana's, by Grafana's own builders."""

from __future__ import annotations

import json
from typing import Any, Final, cast
from urllib.parse import urlencode

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    nodegraph,
    prometheus,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models import prometheus as prometheus_models

from dashboards.declare import Board, Panel, Query, Shipped

TAG: Final = "interactions-proxy"
INFINITY: Final = "yesoreyeram-infinity-datasource"
"""The source that asks JSON of any address: here of the audit API."""
_PROMETHEUS: Final = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_AUDIT: Final = common_models.DataSourceRef(type_val=INFINITY, uid="${audit}")
_LOOKS: Final[dict[str, Any]] = {
    "stat": stat.Panel,
    "lines": timeseries.Panel,
    "stacked": timeseries.Panel,
    "heatmap": heatmap.Panel,
    "bars": bargauge.Panel,
    "table": table.Panel,
    "states": statetimeline.Panel,
    "nodes": nodegraph.Panel,
    "text": text.Panel,
}


def drawn(board: Board) -> str:
    """The dashboard as JSON, the same at every run."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags([TAG])
        .time(board.begins, "now")
        .refresh("30s")
        .timezone("utc")
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Interactions Proxy")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(as_dropdown=True)
            .keep_time(keep_time=True)
            .include_vars(include_vars=True)
        )
    )
    for variable in _variables(board):
        made = made.with_variable(variable)
    for row in board.rows:
        made = made.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            made = made.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _variables(board: Board) -> list[Builder[models.VariableModel]]:
    found: list[Builder[models.VariableModel]] = [
        dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"),
        _choice("instance", "Proxy", "label_values(ixp_build_info, instance)"),
    ]
    if board.has_models:
        query = f'label_values(ixp_interactions_total{{instance=~"$instance"}}, model)'  # noqa: F541
        found.append(_choice("model", "Model", query))
    if board.has_audit:
        found.append(dashboard.DatasourceVariable("audit").label("Audit API").type(INFINITY))
    return found


def _choice(name: str, label: str, query: str) -> Builder[models.VariableModel]:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(_PROMETHEUS)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
    )


def _panel(panel: Panel) -> Any:
    made = (
        _LOOKS[panel.look]()
        .title(panel.title)
        .description(panel.about)
        .span(panel.width)
        .height(panel.height)
    )
    if panel.look == "text":
        return made.content(panel.about)
    is_audit = any(isinstance(query, Shipped) for query in panel.queries)
    made = made.datasource(_AUDIT if is_audit else _PROMETHEUS)
    for place, query in enumerate(panel.queries):
        made = made.with_target(_target(panel, query, chr(ord("A") + place)))
    if panel.look == "nodes":
        return made
    made = made.unit(panel.unit).no_value(panel.empty)
    if panel.most is not None:
        made = made.min(0).max(panel.most)
    if panel.decimals is not None:
        made = made.decimals(panel.decimals)
    if panel.steps:
        made = made.thresholds(_thresholds(panel))
    return _styled(panel, made)


def _styled(panel: Panel, made: Any) -> Any:
    """What each look needs beside the queries."""
    if panel.look in {"lines", "stacked"}:
        made = made.fill_opacity(8).show_points(common_models.VisibilityMode.NEVER).min(0)
        made = made.legend(
            common.VizLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(common_models.LegendDisplayMode.TABLE)
            .placement(common_models.LegendPlacement.BOTTOM)
            .calcs(["lastNotNull", "max"])
        )
        if panel.steps:
            style = common.GraphThresholdsStyleConfig()
            made = made.thresholds_style(style.mode(common_models.GraphThresholdsStyleMode.DASHED))
    if panel.look == "stacked":
        made = made.fill_opacity(40).stacking(
            common.StackingConfig().mode(common_models.StackingMode.NORMAL)
        )
    if panel.look == "heatmap":
        made = made.calculate(calculate=False).y_axis(heatmap.YAxisConfig().unit(panel.unit))
        made = made.color(
            heatmap.HeatmapColorOptions()
            .mode(heatmap_models.HeatmapColorMode.SCHEME)
            .scheme("Oranges")
        )
    return made


def _thresholds(panel: Panel) -> Builder[models.ThresholdsConfig]:
    steps = [models.Threshold(value=None, color="green")]
    steps += [models.Threshold(value=value, color=color) for value, color in panel.steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(panel: Panel, query: Query | Shipped, ref: str) -> Any:
    if isinstance(query, Shipped):
        return _Asked(query, ref)
    made = prometheus.Dataquery().ref_id(ref).datasource(_PROMETHEUS).expr(query.expr)
    if query.legend:
        made = made.legend_format(query.legend)
    if panel.look == "heatmap":
        made = made.format(prometheus_models.PromQueryFormat.HEATMAP)
    if panel.look in {"table", "bars"}:
        made = made.format(prometheus_models.PromQueryFormat.TABLE).instant()
    if panel.look == "stat":
        made = made.instant()
    return made.exemplar(exemplar=True) if panel.exemplars else made


class _Infinity(variants.Dataquery):
    """A question of the Infinity source; Grafana's builders know their own sources only."""

    def __init__(self, payload: dict[str, object]) -> None:
        self._payload = payload

    def to_json(self) -> dict[str, object]:
        return self._payload

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> _Infinity:
        return cls(data)


class _Asked(Builder[variants.Dataquery]):
    """A shipped query as a target."""

    def __init__(self, query: Shipped, ref: str) -> None:
        self._query = query
        self._ref = ref

    def build(self) -> variants.Dataquery:
        given = urlencode(self._query.parameters, safe="${}:_")
        address = f"/v1/queries/{self._query.name}" + (f"?{given}" if given else "")
        return _Infinity(
            {
                "refId": self._ref,
                "datasource": {"type": INFINITY, "uid": "${audit}"},
                "type": "json",
                "source": "url",
                "parser": "backend",
                "format": "table",
                "url": address,
                "url_options": {"method": "GET"},
                "root_selector": "rows",
            }
        )


def reread(text_of: str) -> dict[str, Any]:
    """A committed dashboard."""
    return cast("dict[str, Any]", json.loads(text_of))
