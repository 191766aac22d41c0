// Conversation: turns as a tree with its forks; who answered; what was lost, cached and spent along a path.

import { ask, part } from "./api.js";
import { h, put, svg } from "./dom.js";
import { compact, count, counted, moment, percent, usd } from "./format.js";
import { badge, facts, interactionLink, note, panel, table, waiting } from "./parts.js";
import { keepQuery } from "./router.js";

const LANE = 22;
const TALL = 58;
const LANES_MAX = 12;
const ORPHANS = {
  never_seen: "goes on from a turn that was never recorded", deleted: "goes on from a deleted turn",
  expired: "goes on from a turn that is no longer there", unseen_history: "repeats answers that were never recorded",
};

export function conversationPage(outlet, { params, query, signal }) {
  put(outlet, waiting());
  ask(`/v1/interactions/${part(params.id)}/tree`, { signal }).then(
    (tree) => draw(outlet, tree, query.turn ?? params.id),
    (error) => { if (!signal.aborted) put(outlet, h("h1", null, "Conversation"), note(error.message, "bad")); });
}

/** Each name of this page has a hue of its own, as long as there are hues. */
const huesByName = new Map();
const hueOf = (name) => {
  if (!huesByName.has(name)) huesByName.set(name, `var(--hue-${huesByName.size % 6})`);
  return huesByName.get(name);
};

function draw(outlet, tree, named) {
  const turns = tree.turns;
  huesByName.clear();
  const places = new Map(turns.map((turn, place) => [turn.interaction, place]));
  const { lanes, edges, width } = laid(turns, places);
  const hues = [...new Set(turns.map((turn) => turn.agent ?? turn.model ?? "no model seen"))];
  const side = h("div.path");
  const rows = turns.map((turn, place) => turnRow(turn, place, lanes[place]));
  const graph = svg("svg", { class: "lanes", width: width * LANE, height: turns.length * TALL, "aria-hidden": "true" });
  const list = h("ol.turns", { style: { "--lanes": `${width * LANE}px` } }, rows);

  const choose = (place) => {
    const path = [];
    for (let at = place; at !== undefined; at = places.get(turns[at].parent)) { path.unshift(at); if (path.length > turns.length) break; }
    const chosen = new Set(path);
    rows.forEach((row, at) => {
      row.classList.toggle("on-path", chosen.has(at));
      const button = row.querySelector("button.pick");
      button.setAttribute("aria-pressed", String(at === place));
    });
    put(graph, [...edges].sort((one, other) => chosen.has(one[1]) - chosen.has(other[1])).map(([from, to]) => svg("path", { d: curve(from, to, lanes), class: chosen.has(from) && chosen.has(to) ? "edge on" : "edge" })),
      turns.map((turn, at) => svg("circle", { cx: lanes[at] * LANE + LANE / 2, cy: at * TALL + TALL / 2 - 8, r: turn.is_tip ? 6 : 5, class: turn.deleted_at ? "node gone" : turn.error_code ? "node bad" : "node", style: { fill: turn.deleted_at ? "var(--bg)" : hueOf(turn.agent ?? turn.model ?? "no model seen") } })));
    put(side, pathPanel(path.map((at) => turns[at])));
    keepQuery({ turn: turns[place].interaction });
  };
  rows.forEach((row, place) => row.querySelector("button.pick").addEventListener("click", () => choose(place)));

  const orphans = turns.filter((turn) => turn.orphan);
  const total = tree.total;
  put(outlet,
    h("div.head", null, h("h1", null, "Conversation")),
    h("p.lead", null, `${counted(turns.length, "turn")} · ${counted(tree.tips.length, "tip")}, ${count(tree.live_tips.length)} can go on · ${compact(total.tokens)} tokens · `, usd(total.cost_pico_usd, total.is_cost_complete)),
    h("div.legend", null, hues.map((name) => h("span", null, h("i.hue", { style: { background: hueOf(name) }, "aria-hidden": "true" }), name, h("span.mute", null, ` ${turns.filter((turn) => (turn.agent ?? turn.model ?? "no model seen") === name).length}`)))),
    orphans.length ? note(`${counted(orphans.length, "turn")} without its beginning here: ${[...new Set(orphans.map((turn) => ORPHANS[turn.orphan]))].join("; ")}.`, "waits") : null,
    h("div.tree-grid", null, h("div.tree.scroll", { tabindex: "0", role: "region", "aria-label": "Turns" }, graph, list), side));
  choose(places.get(named) ?? 0);
}

/** Lanes: the last child goes on in its parent's lane, earlier ones beside it. */
function laid(turns, places) {
  const children = turns.map(() => []);
  const edges = [];
  turns.forEach((turn, place) => {
    const parent = places.get(turn.parent);
    if (turn.parent === null || parent === undefined) return;
    children[parent].push(place);
    edges.push([parent, place]);
  });
  const lanes = turns.map(() => 0);
  turns.forEach((_, place) => children[place].forEach((child, number) => { lanes[child] = Math.min(LANES_MAX - 1, lanes[place] + (number < children[place].length - 1 ? 1 : 0)); }));
  return { lanes, edges, width: Math.max(...lanes) + 1 };
}

function curve(from, to, lanes) {
  const x1 = lanes[from] * LANE + LANE / 2, x2 = lanes[to] * LANE + LANE / 2;
  const y1 = from * TALL + TALL / 2 - 8, y2 = to * TALL + TALL / 2 - 8;
  if (x1 === x2) return `M${x1} ${y1}V${y2}`;
  return `M${x1} ${y1}V${y2 - TALL * 0.7}C${x1} ${y2 - TALL * 0.2} ${x2} ${y2 - TALL * 0.5} ${x2} ${y2}`;
}

function turnRow(turn, place) {
  const notes = [
    turn.orphan ? ["bad", ORPHANS[turn.orphan]] : null,
    turn.is_in_circle ? ["bad", "says it goes on from one of its own descendants"] : null,
    turn.fell_away.length ? ["waits", `not sent again: ${turn.fell_away.join(", ")}`] : null,
    turn.switched_from ? ["plain", `before it answered ${turn.switched_from}`] : null,
    turn.how === "repeat" ? ["plain", "repeats the conversation in its input"] : null,
    turn.how === "continuation" ? ["plain", "goes on with the same answer"] : null,
    turn.deleted_at ? ["plain", `deleted ${moment(turn.deleted_at)}`] : null,
  ].filter(Boolean);
  return h("li.turn", { "data-place": place },
    h("div.turn-line", null, badge(turn.status ?? turn.error_code ?? "unknown", turn.error_code ? "bad" : undefined), interactionLink(turn.interaction, 20),
      h("span.who-cell", null, turn.agent ?? turn.model ?? "no model seen"), turn.is_fork ? h("span.chip", null, "fork") : null, turn.is_tip ? h("span.chip", null, turn.can_go_on ? "tip" : "end") : null,
      h("button.pick.quiet.small", { type: "button", "aria-pressed": "false", "aria-label": `Show the path to turn ${place + 1}` }, "path")),
    h("div.turn-sub.mute", null, moment(turn.created_at), " · ", `${compact(turn.tokens)} tokens`, " · ", usd(turn.cost_pico_usd, turn.is_cost_complete),
      turn.cached_share ? ` · ${percent(turn.cached_share)} cached` : null, notes.map(([kind, text]) => h("span.turn-note", { "data-tone": kind, title: text }, text))));
}

function pathPanel(path) {
  const last = path.at(-1).branch;
  return panel("This path",
    facts([["turns", count(last.turns)], ["tokens", compact(last.tokens)], ["cost", usd(last.cost_pico_usd, last.is_cost_complete)]]),
    table([
      { name: "turn", number: true, draw: (turn) => path.indexOf(turn) + 1 },
      { name: "answered by", draw: (turn) => h("span.who-cell", null, h("i.hue", { style: { background: hueOf(turn.agent ?? turn.model ?? "no model seen") }, "aria-hidden": "true" }), turn.agent ?? turn.model ?? "–") },
      { name: "tokens", number: true, draw: (turn) => compact(turn.tokens) },
      { name: "cached", number: true, draw: (turn) => h("span.meter", { title: percent(turn.cached_share) }, h("i", { style: { width: `${(turn.cached_share ?? 0) * 100}%` } }), h("span", null, percent(turn.cached_share))) },
      { name: "cost", number: true, draw: (turn) => usd(turn.cost_pico_usd, turn.is_cost_complete) },
      { name: "so far", number: true, draw: (turn) => usd(turn.branch.cost_pico_usd, turn.branch.is_cost_complete) },
    ], path, "Turns of this path"));
}
