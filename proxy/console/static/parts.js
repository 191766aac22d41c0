// Small parts that pages share: badges, tables, JSON, messages, dialogs.

import { h, put } from "./dom.js";
import { href } from "./router.js";
import { shortId } from "./format.js";

const GOOD = new Set(["completed", "deleted_verified", "complete", "strict"]);
const BAD = new Set(["failed", "budget_exceeded", "denied", "rejected", "not_effective", "interrupted", "upstream_failed"]);
const BUSY = new Set(["in_progress", "queued", "running"]);
const WAITS = new Set(["requires_action", "requires_continuation", "incomplete"]);

export const tone = (status) => GOOD.has(status) ? "good" : BAD.has(status) ? "bad" : BUSY.has(status) ? "busy" : WAITS.has(status) ? "waits" : "plain";

/** A word with a dot: never told by colour alone. */
export const badge = (text, kind = tone(text)) => h("span.badge", { "data-tone": kind }, h("i.dot", { "aria-hidden": "true" }), text ?? "unknown");

export const chip = (text, title) => h("span.chip", { title }, text);

/** Pairs as a definition list; empty values are left out. */
export function facts(pairs) {
  return h("dl.facts", null, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== "–")
    .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

/** columns: [{name, number, draw(row)}]. It scrolls by itself where it is too wide. */
export function table(columns, rows, label) {
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": label },
    h("table", null,
      h("thead", null, h("tr", null, columns.map((each) => h("th", { scope: "col", class: each.number ? "num" : null }, each.name)))),
      h("tbody", null, rows.map((row) => h("tr", null, columns.map((each) => cell(each, each.draw(row))))))));
}

const SHORT = 32; // A name or an instant of so many characters stays on one line: the region scrolls.
const cell = (column, drawn) => h("td", { class: column.number ? "num" : typeof drawn === "string" && drawn.length <= SHORT ? "short" : null }, drawn);

export const panel = (title, ...children) => {
  const id = `p-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return h("section.panel", { "aria-labelledby": id }, h("h2", { id }, title), ...children);
};

export const note = (text, kind = "plain") => h("p.note", { "data-tone": kind, role: kind === "bad" ? "alert" : null }, text);
export const nothing = (text) => h("p.nothing", null, text);
export const waiting = (text = "Asking…") => h("p.waiting", { role: "status" }, text);

export const interactionLink = (id, size) => h("a.id", { href: href(`interactions/${encodeURIComponent(id)}`), title: id }, shortId(id, size));

export function copyButton(text, label = "Copy") {
  const button = h("button.quiet.small", { type: "button", onclick: async () => {
    await navigator.clipboard?.writeText(text).catch(() => {});
    put(button, "Copied");
    setTimeout(() => put(button, label), 1200);
  } }, label);
  return button;
}

const FOLD_AT = 4000;
const DEEP = 40;

/** JSON as a tree that folds; texts are cut until asked for. */
export function json(value, open = 2) { return h("div.json", null, jsonNode(value, open, 0)); }

function jsonNode(value, open, depth) {
  if (value === null || typeof value !== "object") return jsonPlain(value);
  const entries = Array.isArray(value) ? value.map((one, place) => [place, one]) : Object.entries(value);
  const [left, right] = Array.isArray(value) ? "[]" : "{}";
  if (!entries.length) return h("span.j-mark", null, left + right);
  if (depth > DEEP) return h("span.j-mark", null, `${left}…${right} nested deeper`);
  const fold = h("details", { open: open > depth },
    h("summary", null, h("span.j-mark", null, left), h("span.j-count", null, ` ${entries.length} `), h("span.j-mark", null, right)));
  const fill = () => {
    if (fold.childElementCount > 1) return;
    const shown = entries.slice(0, 500);
    fold.append(h("div.j-inner", null, shown.map(([name, one]) => h("div", null,
      Array.isArray(value) ? null : h("span.j-name", null, `${name}: `), jsonNode(one, open, depth + 1))),
    entries.length > 500 ? h("div.j-mark", null, `… and ${entries.length - 500} more`) : null));
  };
  if (open > depth) fill(); else fold.addEventListener("toggle", fill, { once: true });
  return fold;
}

function jsonPlain(value) {
  if (typeof value === "string") return h("span.j-text", null, longText(value, FOLD_AT, true));
  return h("span.j-word", null, String(value));
}

/** A text, cut where it is very long, with a button for the rest. */
export function longText(text, size = FOLD_AT, quoted = false) {
  const mark = quoted ? "\u201c" : "";
  const end = quoted ? "\u201d" : "";
  if (text.length <= size) return mark + text + end;
  const all = h("span", null, mark + text.slice(0, size));
  all.append(h("button.quiet.small", { type: "button", onclick: (event) => { event.preventDefault(); put(all, mark + text + end); } },
    `… ${(text.length - size).toLocaleString("en")} more characters`));
  return all;
}

/** A dialog with a form. Resolves with what `read(form)` gives, or null. */
export function dialog(title, content, { action = "Go on", read = (form) => Object.fromEntries(new FormData(form)), cancel = true } = {}) {
  return new Promise((resolve) => {
    const form = h("form", { method: "dialog" }, h("h2", { id: "dialog-title" }, title), content,
      h("div.actions", null, cancel ? h("button.quiet", { type: "button", onclick: () => done(null) }, "Cancel") : null,
        h("button.primary", { type: "submit" }, action)));
    const box = h("dialog", { "aria-labelledby": "dialog-title", oncancel: (event) => { event.preventDefault(); if (cancel) done(null); } }, form);
    const done = (value) => { box.close(); box.remove(); resolve(value); };
    form.addEventListener("submit", (event) => { event.preventDefault(); if (form.reportValidity()) done(read(form)); });
    document.body.append(box);
    box.showModal();
  });
}

/**
 * A list by pages, for what is a table: paged({size, fetch(offset, limit) -> rows, draw(rows), offset, onMove(offset)}).
 * One row more than a page is asked for, so that nobody is led to an empty page.
 */
export function paged({ size, fetch, draw, offset = 0, onMove = () => {} }) {
  const shown = h("div"), bar = h("div.pager");
  let asked = 0;
  const move = async (to, isAsked) => {
    const turn = ++asked;
    try {
      const rows = await fetch(to, size + 1);
      if (turn !== asked) return;
      onMove(to);
      put(shown, draw(rows.slice(0, size)));
      const step = (text, where, label) => h("button.quiet.small", { type: "button", "aria-label": label, "data-to": where, onclick: () => move(where, true) }, text);
      put(bar, to || rows.length > size ? [to ? step("← Later", Math.max(0, to - size), "Later ones") : null,
        h("span.mute.num", { role: "status" }, rows.length ? `${to + 1} to ${to + Math.min(rows.length, size)}` : "none"), rows.length > size ? step("Earlier →", to + size, "Earlier ones") : null] : null);
      if (isAsked) (bar.querySelector(`[data-to="${to + size}"]`) ?? bar.querySelector("button"))?.focus();
    } catch (error) { if (error.name !== "AbortError") put(shown, note(error.message, "bad")); }
  };
  move(offset, false);
  return h("div", null, shown, bar);
}
