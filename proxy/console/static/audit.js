// Audit: shipped questions, statements of one's own, answers as table and chart, exports; the trail; who read what.

import { ask, part } from "./api.js";
import { chartOf } from "./chart.js";
import { h, put } from "./dom.js";
import { bytes, count, counted, distance, duration, moment, usd } from "./format.js";
import { badge, copyButton, facts, interactionLink, longText, note, nothing, panel, table, waiting } from "./parts.js";
import { keepQuery } from "./router.js";
import { session } from "./session.js";
import { reasonFor } from "./shell.js";
import { sqlBox } from "./sqlbox.js";

const TABS = [["queries", "Questions"], ["sql", "SQL"], ["trail", "Trail"], ["access", "Who read what"]];
const ROWS_SHOWN = 100;
const FORMS = [["csv", "CSV"], ["json", "JSON"], ["parquet", "Parquet"]];
const EXAMPLE = "SELECT model, count(*) AS interactions, sum(total_tokens) AS tokens\nFROM audit.interactions\nGROUP BY model\nORDER BY interactions DESC";

export function auditPage(outlet, { query, signal }) {
  const state = { tab: query.tab || (query.sql ? "sql" : "queries"), name: query.name ?? "", sql: query.sql ?? "", given: Object.fromEntries(Object.entries(query).filter(([name]) => name.startsWith("p."))) };
  const body = h("div.tab-body", { id: "audit-body", role: "tabpanel", tabindex: "-1" });
  const tabs = h("div.tabs", { role: "tablist", "aria-label": "Audit" });
  put(outlet, h("div.head", null, h("h1", null, "Audit")), h("p.lead", null, "Facts, never content, unless you open it for a reason. Each question is written into the trail."), tabs, body);
  const keep = () => keepQuery({ tab: state.tab === "queries" ? "" : state.tab, ...(state.tab === "queries" ? { name: state.name, ...state.given } : {}), sql: state.tab === "sql" ? state.sql : "" });
  const open = (tab) => {
    state.tab = tab;
    keep();
    put(tabs, TABS.map(([id, text]) => h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-selected": String(id === tab), "aria-controls": "audit-body", tabindex: id === tab ? "0" : "-1", onclick: () => open(id), onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = TABS[(TABS.findIndex(([one]) => one === id) + step + TABS.length) % TABS.length][0];
      open(next);
      tabs.querySelector(`#tab-${next}`).focus();
    } }, text)));
    body.setAttribute("aria-labelledby", `tab-${tab}`);
    ({ queries: queriesView, sql: sqlView, trail: trailView, access: accessView })[tab](body, state, { keep, signal });
  };
  open(TABS.some(([id]) => id === state.tab) ? state.tab : "queries");
}

const failed = (element, signal) => (error) => { if (!signal.aborted) put(element, note(error.message, "bad")); };

// ---- shipped questions

async function queriesView(body, state, { keep, signal }) {
  put(body, waiting());
  const all = await ask("/v1/queries", { signal }).catch(failed(body, signal));
  if (!all) return;
  const list = h("div.catalogue"), chosen = h("div.chosen");
  const filter = h("input", { type: "search", "aria-label": "Find a question", placeholder: "find a question", oninput: () => drawList() });
  const drawList = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = all.filter((one) => words.every((word) => `${one.name} ${one.subject} ${one.about}`.toLowerCase().includes(word)));
    const subjects = [...new Set(fits.map((one) => one.subject))];
    put(list, subjects.map((subject) => h("section", { "aria-label": subject }, h("h2.quiet-title", null, subject), h("ul", null, fits.filter((one) => one.subject === subject).map((one) =>
      h("li", null, h("button.question", { type: "button", "aria-pressed": String(one.name === state.name), onclick: () => { state.name = one.name; state.given = {}; keep(); drawList(); drawChosen(true); } }, h("b", null, one.name.replaceAll("_", " ")), h("span.mute", null, one.about))))))), fits.length ? null : nothing("No question has these words."));
  };
  const drawChosen = (isChosen) => {
    const one = all.find((each) => each.name === state.name);
    if (!one) { put(chosen, nothing(`${counted(all.length, "question")} are ready. Choose one, or write your own under SQL.`)); return; }
    const result = h("div");
    const given = () => Object.fromEntries(new FormData(form));
    const run = () => {
      state.given = Object.fromEntries(Object.entries(given()).filter(([name, value]) => value !== (one.parameters.find((each) => each.name === name)?.default ?? "")).map(([name, value]) => [`p.${name}`, value]));
      keep();
      answer(result, one.name, (form_) => ask(`/v1/queries/${part(one.name)}`, { query: { ...sent(given()), format: form_ }, signal, bytes: form_ !== undefined }), signal);
    };
    // An empty text is a value of its own where the default is empty: it is left out and means the same.
    const sent = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
    const form = h("form.filters.all", { onsubmit: (event) => { event.preventDefault(); run(); } }, one.parameters.map((each) => h("label.field", { title: each.about }, h("span", null, each.name.replaceAll("_", " ")),
      h("input", { name: each.name, value: state.given[`p.${each.name}`] ?? each.default ?? "", required: each.default === null, inputmode: each.type === "whole" ? "numeric" : null, placeholder: each.type === "instant" ? "-7d, 2026-11-23" : each.about, autocomplete: "off" }), h("span.hint", null, each.about))),
      h("button.primary", { type: "submit" }, "Ask"));
    put(chosen, panel(one.name.replaceAll("_", " "), h("p.about", null, one.about), form), result);
    if (isChosen && innerWidth < 980) chosen.scrollIntoView({ block: "start" });
    if (one.parameters.every((each) => each.default !== null || state.given[`p.${each.name}`])) run();
  };
  put(body, h("div.audit-grid", null, h("div", null, filter, list), chosen));
  drawList();
  drawChosen(false);
}

// ---- statements of one's own

async function sqlView(body, state, { keep, signal }) {
  put(body, waiting());
  const [views, shipped] = await Promise.all([ask("/v1/views", { signal }), ask("/v1/queries", { signal })]).catch((error) => { failed(body, signal)(error); return []; });
  if (!views) return;
  const result = h("div");
  const withContent = h("input", { type: "checkbox", id: "with-content" });
  const run = async (text) => {
    state.sql = text;
    keep();
    let reason;
    if (withContent.checked) { reason = await reasonFor("sealed content with content(ref)"); if (!reason) return; }
    answer(result, "answer", (form) => ask("/v1/sql", { method: "POST", body: { sql: text }, query: { format: form }, reason, signal, bytes: form !== undefined }), signal);
  };
  const box = sqlBox({ value: state.sql || EXAMPLE, views, queries: shipped, run });
  put(body, panel("Statement", box.element, h("div.sql-actions", null, h("button.primary", { type: "button", onclick: () => run(box.value()) }, "Run"), h("span.mute.small", null, "Ctrl+Enter runs, Ctrl+Space completes. One SELECT, in a sandbox, on a copy not older than a minute."), h("span.grow"),
    session.may("content") ? h("label.check", null, withContent, " open content(ref)") : null)), result,
  panel("What there is", h("div.schema", null, views.map((view) => h("details", null, h("summary", null, h("code", null, view.name), h("span.mute", null, ` ${view.about}`)),
    table([{ name: "column", draw: (row) => h("code", null, row.name) }, { name: "type", draw: (row) => h("span.mute", null, row.type.toLowerCase()) }, { name: "what it says", draw: (row) => row.about }], view.columns, `Columns of ${view.name}`))))));
  if (state.sql) run(state.sql);
}

// ---- an answer

let asked = 0;
async function answer(element, name, question, signal) {
  const turn = ++asked;
  put(element, waiting());
  let found;
  const began = performance.now();
  try { found = await question(); } catch (error) { if (turn === asked) failed(element, signal)(error); return; }
  if (turn !== asked) return;
  const exportAs = async (form) => {
    try { save(form === "json" ? await question("json") : await question(form), `${name}.${form}`); } catch (error) { put(said, error.message); }
  };
  const said = h("span.mute", { role: "status" });
  const rows = found.rows;
  const columns = rows.length ? Object.keys(rows[0]) : [];
  put(element, panel("Answer", h("div.answer-head", null, h("span.mute.num", { role: "status" }, `${counted(rows.length, "row")}${found.is_cut ? ", and more: ask for less" : ""} in ${duration((performance.now() - began) * 1e6)}`), said, h("span.grow"),
    rows.length ? FORMS.map(([form, text]) => h("button.quiet.small", { type: "button", "data-form": form, onclick: () => exportAs(form) }, text)) : null),
  rows.length ? [chartOf(columns, rows, cellText), pagedTable(columns, rows)] : nothing("No rows.")));
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function pagedTable(columns, rows) {
  let from = 0;
  const numbers = new Set(columns.filter((name) => rows.some((row) => typeof row[name] === "number") && rows.every((row) => row[name] === null || typeof row[name] === "number")));
  const place = h("div");
  const draw = () => put(place, table(columns.map((name) => ({ name: name.replaceAll("_", " "), number: numbers.has(name), draw: (row) => cell(name, row[name]) })), rows.slice(from, from + ROWS_SHOWN), "Answer"),
    rows.length > ROWS_SHOWN ? h("div.pager", null, h("button.quiet.small", { type: "button", disabled: from === 0, onclick: () => { from -= ROWS_SHOWN; draw(); } }, "← before"), h("span.mute.num", null, `${count(from + 1)}–${count(Math.min(from + ROWS_SHOWN, rows.length))} of ${count(rows.length)}`),
      h("button.quiet.small", { type: "button", disabled: from + ROWS_SHOWN >= rows.length, onclick: () => { from += ROWS_SHOWN; draw(); } }, "next →")) : null);
  draw();
  return place;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z$/;

function cellText(name, value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") {
    if (name.endsWith("_ns")) return duration(value);
    if (name.endsWith("pico_usd")) return usd(value);
    if (name.endsWith("_bytes")) return bytes(value);
    if (name.endsWith("_share")) return `${(value * 100).toFixed(value === 1 || value === 0 ? 0 : 1)} %`;
    return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(6)));
  }
  if (typeof value === "string") return INSTANT.test(value) ? moment(value) : value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function cell(name, value) {
  if (/^(from_)?interaction(_id)?$/.test(name) && typeof value === "string" && value) return interactionLink(value, 26);
  const text = cellText(name, value);
  return typeof value === "number" || INSTANT.test(String(value)) ? h("span.when", { title: String(value) }, text) : longText(text, 300);
}

// ---- the trail

async function trailView(body, _state, { signal }) {
  put(body, waiting());
  const told = await ask("/v1/standing", { signal }).catch(failed(body, signal));
  if (!told) return;
  const { checkpoint, witnessed, key, state } = told.trail;
  if (!checkpoint?.size && checkpoint?.size !== 0) { put(body, nothing("No checkpoint was signed yet.")); return; }
  const behind = witnessed ? checkpoint.size - witnessed.size : null;
  put(body, panel("Signed", h("div.stats", null,
    stat("leaves signed", count(checkpoint.size), "in the signed tree"), stat("last checkpoint", distance(checkpoint.signed_at ?? checkpoint.written_at), moment(checkpoint.signed_at ?? checkpoint.written_at)),
    stat("not signed yet", state ? count(state.pending_count) : "–", "leaves"), stat("last witness", witnessed ? distance(witnessed.written_at) : "none", witnessed ? (behind > 0 ? `${count(behind)} leaves behind` : "holds them all") : "set trail.witness_url")),
  state?.problem ? note(`Nothing is signed at present: ${state.problem}`, "bad") : null,
  facts([["log", checkpoint.origin], ["root", h("code", null, checkpoint.root)], ["signed by", checkpoint.signers.join(", ")], ["witnessed by", witnessed?.signers.filter((name) => name !== checkpoint.origin).join(", ")], ["public key", key ? h("code", null, key) : null]]),
  h("p", null, "Keep a checkpoint somewhere else, and nobody can change what it covers without your noticing. Check it without believing us: ", h("code", null, "interactions-proxy verify"), " ", copyButton(checkpoint.note ?? "", "Copy checkpoint"))));
}

const stat = (name, value, below) => h("div.stat", null, h("span.mute", null, name), h("b.num", null, value), h("span.mute", null, below));

// ---- who read what

async function accessView(body, _state, { signal }) {
  const people = h("div"), log = h("div");
  put(body, people, log);
  put(people, waiting());
  const first = await ask("/v1/queries/access_by_actor", { signal }).catch(failed(people, signal));
  if (!first) return;
  let actor = "", onlyContent = false;
  const look = async () => {
    put(log, waiting());
    const found = await ask("/v1/queries/access_log", { query: { actor, limit: 500 }, signal }).catch(failed(log, signal));
    if (!found) return;
    const rows = found.rows.filter((row) => !onlyContent || row.kind === "access");
    put(log, panel(actor ? `Read by ${actor}, last 7 days` : "Read, last 7 days", h("div.answer-head", null, h("label.check", null, h("input", { type: "checkbox", checked: onlyContent, onchange: (event) => { onlyContent = event.target.checked; look(); } }), " only where content was opened"), actor ? h("button.quiet.small", { type: "button", onclick: () => { actor = ""; look(); } }, "Everybody") : null),
      rows.length ? table([{ name: "when", draw: (row) => moment(row.seen_at) }, { name: "who", draw: (row) => [row.actor, h("span.mute", null, ` ${row.role ?? ""}`)] }, { name: "what", draw: (row) => (row.kind === "access" ? badge(`content: ${row.query}`, "waits") : badge(row.query ?? "", "plain")) },
        { name: "of", draw: (row) => (row.interaction ? interactionLink(row.interaction, 22) : "") }, { name: "reason", draw: (row) => row.reason ?? "" }, { name: "rows", number: true, draw: (row) => count(row.row_count) }, { name: "texts opened", number: true, draw: (row) => (row.content_count ? count(row.content_count) : "") },
        { name: "outcome", draw: (row) => badge(row.outcome ?? "", row.outcome === "answered" ? "good" : "waits") }], rows.slice(0, 300), "Access log") : nothing("Nobody.")));
  };
  put(people, panel("Readers, last 30 days", table([{ name: "who", draw: (row) => h("button.quiet.small", { type: "button", onclick: () => { actor = row.actor; look(); } }, row.actor) }, { name: "role", draw: (row) => row.role ?? "" }, { name: "questions", number: true, draw: (row) => count(row.question_count) },
    { name: "times content was opened", number: true, draw: (row) => count(row.content_reading_count) }, { name: "texts", number: true, draw: (row) => count(row.content_count) }, { name: "last", draw: (row) => moment(row.last_at) }], first.rows, "Readers")));
  look();
}
