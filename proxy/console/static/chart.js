// One simple chart of an answer: a line over time, bars over names. Chosen by what the columns hold; the table says the same.

import { h, put, svg } from "./dom.js";
import { moment } from "./format.js";

const HEIGHT = 220, LEFT = 64, BOTTOM = 26, TOP = 10;
const NAMES_MAX = 3, BARS_MAX = 24, POINTS_MAX = 2000;
const INSTANT = /^\d{4}-\d\d-\d\d(T[\d:.]+Z?)?$/;

/** null where there is nothing to draw. `text(name, value)`: how a value is written. */
export function chartOf(columns, rows, text) {
  if (rows.length < 2) return null;
  const filled = (name) => rows.map((row) => row[name]).filter((value) => value !== null);
  const all = (name, test) => { const values = filled(name); return values.length > 0 && values.every(test); };
  const times = columns.filter((name) => all(name, (value) => typeof value === "string" && INSTANT.test(value)));
  const numbers = columns.filter((name) => !/(_hash|_id|^worker|^place|status)$/.test(name) && all(name, (value) => typeof value === "number"));
  const names = columns.filter((name) => !times.includes(name) && all(name, (value) => typeof value === "string"));
  // A line needs one row for an instant; more are something else told over time, and a line would lie.
  const line = times.find((name) => new Set(filled(name)).size === rows.length) ?? null;
  // Rows with many names are a log of events: a chart of it would say nothing.
  if (!numbers.length || (!line && !names.length) || names.length > NAMES_MAX) return null;
  let shown = numbers[0], kind = line ? "line" : "bar";
  const place = h("div.chart");
  const draw = () => put(place, h("div.chart-head", null,
    h("label", null, h("span.mute", null, "shown "), h("select", { "aria-label": "What the chart shows", onchange: (event) => { shown = event.target.value; draw(); } }, numbers.map((name) => h("option", { value: name, selected: name === shown }, name.replaceAll("_", " "))))),
    line && names.length ? h("button.quiet.small", { type: "button", onclick: () => { kind = kind === "line" ? "bar" : "line"; draw(); } }, kind === "line" ? "as bars" : "as a line") : null),
  kind === "line" ? lineChart(rows, line, shown, text) : barChart(rows, names, shown, text));
  draw();
  return place;
}

function lineChart(rows, time, shown, text) {
  const width = innerWidth < 720 ? 420 : 1000;
  const points = rows.map((row) => ({ at: Date.parse(row[time]), value: row[shown] })).filter((each) => each.value !== null && !Number.isNaN(each.at)).sort((one, other) => one.at - other.at).slice(-POINTS_MAX);
  if (points.length < 2) return null;
  const [first, last] = [points[0].at, points.at(-1).at];
  const top = Math.max(...points.map((each) => each.value), 0), low = Math.min(...points.map((each) => each.value), 0);
  const x = (at) => LEFT + ((at - first) / Math.max(1, last - first)) * (width - LEFT - 8);
  const y = (value) => TOP + (1 - (value - low) / Math.max(1e-12, top - low)) * (HEIGHT - TOP - BOTTOM);
  const path = points.map((each, place) => `${place ? "L" : "M"}${x(each.at).toFixed(1)} ${y(each.value).toFixed(1)}`).join("");
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${shown.replaceAll("_", " ")} over time, ${points.length} points from ${text(shown, low)} to ${text(shown, top)}; the table below has the numbers` },
    [low, (low + top) / 2, top].map((value) => [svg("line", { class: "grid", x1: LEFT, x2: width, y1: y(value), y2: y(value) }), svg("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, text(shown, value))]),
    svg("path", { class: "area", d: `${path}L${x(last)} ${y(Math.max(low, 0))}L${x(first)} ${y(Math.max(low, 0))}Z` }), svg("path", { class: "line", d: path }),
    points.length <= 80 ? points.map((each) => svg("circle", { cx: x(each.at), cy: y(each.value), r: 3 }, svg("title", null, `${moment(new Date(each.at).toISOString())}: ${text(shown, each.value)}`))) : null,
    svg("text", { x: LEFT, y: HEIGHT - 6 }, moment(new Date(first).toISOString())), svg("text", { x: width - 8, y: HEIGHT - 6, "text-anchor": "end" }, moment(new Date(last).toISOString())));
}

function barChart(rows, names, shown, text) {
  const told = rows.map((row) => ({ name: names.slice(0, 2).map((each) => row[each]).filter((each) => each !== null).join(" · ") || "–", value: row[shown] ?? 0 }));
  const bars = told.sort((one, other) => other.value - one.value).slice(0, BARS_MAX);
  const top = Math.max(...bars.map((each) => each.value), 1e-12);
  return h("div.hbars", { role: "img", "aria-label": `${shown.replaceAll("_", " ")}: ${bars.slice(0, 3).map((each) => `${each.name.slice(0, 60)} ${text(shown, each.value)}`).join(", ")}; the table below has all` },
    bars.map((each) => h("div.hbar", null, h("span.hname", { title: each.name.slice(0, 300) }, each.name.slice(0, 120)), h("span.htrack", null, h("i", { style: { width: `${Math.max(0.4, (Math.max(0, each.value) / top) * 100)}%` } })), h("span.num", null, text(shown, each.value)))),
    told.length > BARS_MAX ? h("span.mute.small", null, `the ${BARS_MAX} highest of ${told.length}`) : null);
}
