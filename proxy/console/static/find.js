// Find: interactions by any of their properties. The whole state stands in the address.

import { ask } from "./api.js";
import { h, put } from "./dom.js";
import { compact, count, counted, duration, moment, shortId, usd } from "./format.js";
import { badge, chip, dialog, interactionLink, note, nothing, waiting } from "./parts.js";
import { hueOf } from "./kinds.js";
import { ways } from "./conversations.js";
import { href, keepQuery } from "./router.js";
import { virtualList } from "./rows.js";
import { session } from "./session.js";
import { reasonFor } from "./shell.js";

const SPANS = [["-1h", "last hour"], ["-24h", "last day"], ["-7d", "last week"], ["-400d", "last 400 days"]];
const KINDS = ["failed", "open", "background", "streaming", "agent", "deleted"];
const SORTS = { tokens: "most tokens", cost: "most expensive", duration: "slowest" };
const FILTERS = ["words", "since", "until", "status", "model", "tool", "client", "store", "error", "kind", "tokens_min", "tokens_max", "cost_min", "cost_max", "slower_s", "conversation", "label", "sort", "text"];
const TYPED_MS = 250;

export function findPage(outlet, { query, signal }) {
  const state = Object.fromEntries(FILTERS.map((name) => [name, query[name] ?? ""]));
  const results = h("div.results");
  const summary = h("div.summary", { role: "status" });
  const bars = h("div.histogram");
  const filters = h("form.filters", { role: "search", onsubmit: (event) => { event.preventDefault(); look(); } });
  const active = h("div.active");
  put(outlet, h("div.head", null, h("h1", null, "Find"), ways("find"), h("div.tools", null,
    h("button.quiet", { type: "button", onclick: (event) => saveLink(event.currentTarget) }, "Copy link"))), filters, active, bars, summary, results);
  let list = null;
  let asked = 0;

  const set = (change) => { Object.assign(state, change); drawFilters(); look(); };
  const given = () => Object.fromEntries(Object.entries(state).filter(([name, value]) => value && name !== "text"));

  const look = async () => {
    keepQuery(Object.fromEntries(Object.entries(state).filter(([, value]) => value)));
    drawActive();
    const turn = ++asked;
    list?.close();
    put(results, waiting());
    try {
      if (state.text) await lookForText(turn); else await lookForFacts(turn);
    } catch (error) {
      if (!signal.aborted && turn === asked) { put(results, note(error.message, "bad")); put(summary); put(bars); }
    }
  };

  const lookForFacts = async (turn) => {
    const first = await ask("/v1/find", { query: { ...given(), limit: 100 }, signal });
    if (turn !== asked) return;
    drawSummary(first.summary);
    drawBars(first);
    if (!first.rows.length) { put(results, nothing("Nothing fits. Widen the time, or take a filter away.")); return; }
    // The end of the span stays where it was, so that rows do not move while one scrolls.
    const still = { ...given(), since: first.since, until: first.until };
    list = virtualList({
      total: first.summary.count, height: () => (innerWidth < 720 ? 84 : 44), label: "Interactions",
      fetch: async (offset, limit) => (offset === 0 ? first.rows : (await ask("/v1/find", { query: { ...still, offset, limit }, signal })).rows),
      draw: row,
    });
    put(results, h("div.row.row-head", { "aria-hidden": "true" }, ["status", "interaction", "model or agent", "", "steps", "tokens", "cost", "took", "created"].map((name) => h("span", null, name))), list.element);
  };

  const lookForText = async (turn) => {
    const reason = await reasonFor("the content of interactions, to look for a text");
    if (!reason) { put(results, nothing("Content stays closed: no reason was given.")); return; }
    const told = await ask("/v1/find/text", { query: { ...given(), sort: "", text: state.text }, reason, signal });
    if (turn !== asked) return;
    put(bars);
    put(summary, h("b", null, counted(told.rows.length, "interaction")), ` with “${state.text}” among the latest ${count(told.searched)}`, told.is_all ? "" : "; narrow the time to look further");
    put(results, told.rows.length ? told.rows.map((found) => h("div.hit", null, row(found), found.hits.slice(0, 3).map((hit) =>
      h("a.excerpt", { href: href(`interactions/${encodeURIComponent(found.interaction)}`, { step: hit.place }) }, h("span.mute", null, `${hit.place} ${hit.type} `), marked(hit.excerpt, state.text))))) : nothing("No step holds this text."));
  };

  const drawSummary = (told) => put(summary,
    h("b", null, counted(told.count, "interaction")), ` · ${compact(told.tokens)} tokens · `, usd(told.cost_pico_usd, !told.unpriced_count),
    told.failed_count ? [" · ", h("button.quiet.small.bad", { type: "button", onclick: () => set({ kind: "failed" }) }, `${count(told.failed_count)} failed`)] : null);

  const drawBars = (told) => {
    const start = Date.parse(told.since);
    const width = told.summary.bucket_us / 1000;
    const highest = Math.max(1, ...told.summary.buckets.map((each) => each.count));
    const at = (bucket) => new Date(start + bucket * width).toISOString();
    put(bars, h("div.bars", { role: "group", "aria-label": "Interactions over time; choose a bar to narrow the time" }, Array.from({ length: 60 }, (_, bucket) => {
      const found = told.summary.buckets.find((each) => each.bucket === bucket);
      if (!found) return h("span.bar");
      return h("button.bar", { type: "button", onclick: () => set({ since: at(bucket), until: at(bucket + 1) }),
        title: `${moment(at(bucket))}: ${counted(found.count, "interaction")}, ${count(found.failed_count)} failed`, "aria-label": `${moment(at(bucket))}: ${counted(found.count, "interaction")}` },
      h("i", { style: { height: `${Math.max(6, (found.count / highest) * 100)}%` } }, found.failed_count ? h("i.failed", { style: { height: `${(found.failed_count / found.count) * 100}%` } }) : null));
    })), h("div.bars-scale", { "aria-hidden": "true" }, h("span", null, moment(told.since)), h("span", null, moment(told.until))));
  };

  const drawActive = () => {
    const set_ = Object.entries(state).filter(([name, value]) => value && !["sort", "words", "text"].includes(name));
    put(active, set_.map(([name, value]) => h("button.chip.close", { type: "button", "aria-label": `Remove filter ${name}`, onclick: () => set({ [name]: "" }) }, `${name} ${shortId(value, 24)} ×`)),
      set_.length > 1 ? h("button.quiet.small", { type: "button", onclick: () => set(Object.fromEntries(FILTERS.map((name) => [name, ""]))) }, "Clear all") : null);
  };

  let facets = {};
  const drawFilters = () => {
    const choice = (name, label, options, otherwise = "any") => h("label.field", null, h("span", null, label), h("select", { name, onchange: (event) => set({ [name]: event.target.value }) },
      h("option", { value: "" }, otherwise), options.map(([value, text]) => h("option", { value, selected: state[name] === value }, text)),
      state[name] && !options.some(([value]) => value === state[name]) ? h("option", { value: state[name], selected: true }, shortId(state[name], 24)) : null));
    const facet = (name) => (facets[name] ?? []).map((each) => [each.value, `${each.value} (${compact(each.count)})`]);
    const focused = document.activeElement?.name;
    put(filters,
      h("label.field.wide", null, h("span", null, "id or model"), h("input", { type: "search", name: "words", value: state.words, placeholder: "part of an id or a model", oninput: (event) => typed({ words: event.target.value.trim() }) })),
      session.may("content") ? h("label.field.wide", null, h("span", null, "text in content"), h("input", { type: "search", name: "text", value: state.text, minlength: "3", maxlength: "200", placeholder: "opens sealed content", onchange: (event) => set({ text: event.target.value.trim() }) })) : null,
      session.may("content") ? h("label.field", null, h("span", null, "label"), h("input", { type: "search", name: "label", value: state.label, maxlength: "200", placeholder: "key=value", onchange: (event) => set({ label: event.target.value.trim() }) })) : null,
      choice("since", "time", SPANS, "last 30 days"), choice("status", "status", facet("status")), choice("model", "model or agent", facet("model")),
      choice("tool", "tool", facet("tool")), choice("kind", "kind", KINDS.map((each) => [each, each])), choice("client", "client", facet("client")),
      choice("error", "error", facet("error")), choice("store", "store", facet("store")), choice("sort", "order", Object.entries(SORTS), "latest first"),
      h("button.quiet", { type: "button", onclick: more }, "Numbers…"),
      h("button.quiet.more", { type: "button", "aria-expanded": String(filters.classList.contains("all")), onclick: (event) => event.currentTarget.setAttribute("aria-expanded", String(filters.classList.toggle("all"))) }, "More filters"));
    if (focused) filters.elements[focused]?.focus();
  };
  let timer = 0;
  const typed = (change) => { Object.assign(state, change); clearTimeout(timer); timer = setTimeout(look, TYPED_MS); };
  const more = async () => {
    const field = (name, label, step = "1") => h("label.field", null, h("span", null, label), h("input", { type: "number", min: "0", step, name, value: state[name] }));
    const told = await dialog("Numbers", h("div.grid2", null, field("tokens_min", "tokens from"), field("tokens_max", "tokens to"), field("cost_min", "US$ from", "any"), field("cost_max", "US$ to", "any"), field("slower_s", "slower than (s)", "any")), { action: "Filter" });
    if (told) set(told);
  };

  drawFilters();
  look();
  ask("/v1/find/facets", { query: { since: state.since || "-30d" }, signal }).then((told) => { facets = told; if (!filters.contains(document.activeElement)) drawFilters(); }, () => {});
  return () => { clearTimeout(timer); list?.close(); };
}

function row(one) {
  const who = one.agent ?? one.model;
  const status = one.status ?? one.error_code ?? "unknown";
  return h("div.row", null,
    badge(status, one.error_code ? "bad" : undefined),
    interactionLink(one.interaction, 20),
    h("span.who-cell", null, h("i.hue", { "aria-hidden": "true", style: { background: hueOf(who) } }), who ?? "–"),
    h("span.flags", null, one.is_background ? chip("background") : null, one.is_streaming ? chip("stream") : null, one.store === "false" ? chip("not stored") : null, one.deleted_at ? chip("deleted") : null,
      one.tool_types ? chip(one.tool_types.split(",").length > 1 ? `${one.tool_types.split(",").length} tools` : one.tool_types, one.tool_types) : null),
    h("span.num", null, `${one.input_step_count} → ${one.output_step_count}`),
    h("span.num", null, compact(one.total_tokens)),
    h("span.num", null, usd(one.cost_pico_usd, one.is_cost_complete)),
    h("span.num", null, duration(one.create_duration_ns)),
    h("span.num.mute", null, moment(one.created_at)));
}

function marked(text, word) {
  const at = text.toLowerCase().indexOf(word.toLowerCase());
  return at < 0 ? text : [text.slice(0, at), h("mark", null, text.slice(at, at + word.length)), text.slice(at + word.length)];
}

async function saveLink(button) {
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  put(button, "Copied");
  setTimeout(() => put(button, "Copy link"), 1200);
}
