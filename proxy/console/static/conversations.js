// Conversations: which there are, the latest first; each leads to its tree.

import { ask } from "./api.js";
import { h, put } from "./dom.js";
import { compact, counted, moment, usd } from "./format.js";
import { badge, chip, interactionLink, note, nothing, waiting } from "./parts.js";
import { hueOf } from "./kinds.js";
import { href, keepQuery } from "./router.js";
import { virtualList } from "./rows.js";

const SPANS = [["-24h", "last day"], ["-7d", "last week"], ["", "last 30 days"], ["-400d", "last 400 days"]];
const TURNS = [["", "any"], ["2", "2 or more"], ["5", "5 or more"], ["20", "20 or more"]];
const NAMED = 1;

/** The two ways to look for what was said. */
export const ways = (current) => h("div.ways", { role: "group", "aria-label": "Look for" },
  [["find", "Interactions"], ["conversations", "Conversations"]].map(([path, text]) => h("a", { href: href(path), "aria-current": path === current ? "page" : null }, text)));

export function conversationsPage(outlet, { query, signal }) {
  const state = { since: query.since ?? "", turns: query.turns ?? "" };
  const summary = h("div.summary", { role: "status" }), results = h("div.results.conversations");
  const choice = (name, label, options) => h("label.field", null, h("span", null, label), h("select", { name, onchange: (event) => { state[name] = event.target.value; look(); } },
    options.map(([value, text]) => h("option", { value, selected: state[name] === value }, text))));
  put(outlet, h("div.head", null, h("h1", null, "Conversations"), ways("conversations")),
    h("form.filters", { onsubmit: (event) => event.preventDefault() }, choice("since", "time", SPANS), choice("turns", "turns", TURNS)), summary, results);
  let list = null, asked = 0;

  const look = async () => {
    keepQuery(state);
    list?.close();
    put(results, waiting());
    const turn = ++asked;
    try {
      const first = await ask("/v1/find/conversations", { query: { ...state, limit: 100 }, signal });
      if (turn !== asked) return;
      put(summary, h("b", null, counted(first.count, "conversation")));
      if (!first.rows.length) { put(results, nothing("No conversation fits. Widen the time.")); return; }
      // The time stays where it was, so that rows do not move while one scrolls.
      const still = { turns: state.turns, since: first.since, until: first.until };
      list = virtualList({ total: first.count, height: () => (innerWidth < 720 ? 84 : 44), label: "Conversations", draw: row,
        fetch: async (offset, limit) => (offset === 0 ? first.rows : (await ask("/v1/find/conversations", { query: { ...still, offset, limit }, signal })).rows) });
      put(results, h("div.row.row-head", { "aria-hidden": "true" }, ["last turn", "conversation", "answered by", "", "", "tokens", "cost", "turns", "last told of"].map((name) => h("span", null, name))), list.element);
    } catch (error) { if (!signal.aborted && turn === asked) { put(results, note(error.message, "bad")); put(summary); } }
  };
  look();
  return () => list?.close();
}

function row(one) {
  const models = (one.models ?? []).filter(Boolean);
  const link = interactionLink(one.first_interaction, 20);
  link.setAttribute("href", href(`conversations/${encodeURIComponent(one.first_interaction)}`));
  return h("div.row", null, badge(one.last_status ?? "unknown"), link,
    h("span.who-cell", { title: models.join(", ") }, h("i.hue", { "aria-hidden": "true", style: { background: hueOf(models[0]) } }), models.slice(0, NAMED).join(", ") || "–", models.length > NAMED ? ` +${models.length - NAMED}` : ""),
    h("span.flags", null, one.deleted_count ? chip(`${one.deleted_count} deleted`) : null),
    h("span"), h("span.num", null, compact(one.total_tokens)), h("span.num", null, usd(one.cost_pico_usd, one.is_cost_complete)),
    h("span.num", null, counted(one.turn_count, "turn")), h("span.num.mute", null, moment(one.last_at)));
}
