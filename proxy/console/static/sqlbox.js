// A box for SQL with completion by keyboard: views, their columns, shipped questions, words of the language.

import { h, put } from "./dom.js";

const WORDS = ["SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "HAVING", "LEFT JOIN", "INNER JOIN", "ON", "USING", "AND", "OR", "NOT", "IN", "IS NULL", "IS NOT NULL", "BETWEEN", "LIKE", "ILIKE", "CASE WHEN", "THEN", "ELSE", "END", "AS", "DISTINCT", "DESC", "ASC", "WITH", "UNION ALL", "FILTER", "OVER", "PARTITION BY", "INTERVAL", "DESCRIBE", "SUMMARIZE", "EXPLAIN"];
const FUNCTIONS = ["count", "sum", "avg", "min", "max", "median", "quantile_cont", "date_trunc", "now", "coalesce", "arg_max", "arg_min", "string_agg", "list", "unnest", "row_number", "content"];
const SHOWN = 12;

/** sqlBox({value, views, queries, run}) -> {element, value()}. */
export function sqlBox({ value, views, queries, run }) {
  const area = h("textarea.sql", { id: "sql", rows: "6", spellcheck: "false", autocomplete: "off", autocapitalize: "off", wrap: "off", "aria-label": "SQL statement", "aria-autocomplete": "list", "aria-controls": "completions", "aria-haspopup": "listbox" });
  area.value = value;
  const list = h("ul.completions", { id: "completions", role: "listbox", "aria-label": "Completions", hidden: true });
  const about = h("p.mute.small", { "aria-live": "polite" });
  const element = h("div.sql-box", null, area, list, about);
  let found = [], at = 0, start = 0;

  const close = () => { list.hidden = true; found = []; area.removeAttribute("aria-activedescendant"); };
  const mark = () => {
    [...list.children].forEach((each, place) => each.setAttribute("aria-selected", String(place === at)));
    area.setAttribute("aria-activedescendant", `completion-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
    put(about, found[at]?.about ?? "");
  };
  const take = (one) => {
    area.setRangeText(one.text, start, area.selectionStart, "end");
    close();
    area.focus();
  };
  const offer = (isAsked) => {
    const before = area.value.slice(0, area.selectionStart);
    const word = /[\w.]*$/.exec(before)[0];
    start = before.length - word.length;
    if (!isAsked && word.length < 2) { close(); return; }
    found = candidates(before, word, area.value, views, queries).slice(0, SHOWN);
    if (!found.length || (found.length === 1 && found[0].text === word)) { close(); return; }
    at = 0;
    put(list, found.map((one, place) => h("li", { id: `completion-${place}`, role: "option", "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); take(one); } }, h("code", null, one.text), h("span.mute", null, one.kind))));
    const lines = before.split("\n");
    list.style.setProperty("--line", lines.length);
    list.style.setProperty("--column", lines.at(-1).length - word.length);
    list.style.setProperty("--scrolled", `${area.scrollTop}px`);
    list.style.setProperty("--aside", `${area.scrollLeft}px`);
    list.hidden = false;
    mark();
  };

  area.addEventListener("input", () => offer(false));
  area.addEventListener("blur", close);
  area.addEventListener("click", close);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); close(); run(area.value); return; }
    if (event.key === " " && event.ctrlKey) { event.preventDefault(); offer(true); return; }
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); at = (at + step + found.length) % found.length; mark(); }
    else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(found[at]); }
    else if (event.key === "Escape") { event.preventDefault(); close(); }
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") close();
  });
  return { element, value: () => area.value };
}

function candidates(before, word, whole, views, queries) {
  const named = (text) => views.filter((view) => new RegExp(`\\b${view.name.replace(".", "\\.")}\\b`, "i").test(text));
  const isTable = /\b(from|join|describe|summarize)\s+[\w.]*$/i.test(before);
  const tables = views.map((view) => ({ text: view.name, kind: "view", about: view.about }));
  const used = named(whole);
  const columns = (used.length ? used : views).flatMap((view) => view.columns.map((one) => ({ text: one.name, kind: `${one.type.toLowerCase()} · ${view.name.replace("audit.", "")}`, about: one.about })));
  const others = [...FUNCTIONS.map((text) => ({ text: `${text}(`, kind: "function", about: text === "content" ? "opens sealed text, for those who may" : "" })), ...WORDS.map((text) => ({ text, kind: "word", about: "" }))];
  const shipped = queries.map((one) => ({ text: one.name, kind: "question", about: `${one.about} (asked under Questions)` }));
  const wanted = isTable ? tables : [...columns, ...others, ...tables, ...(word.length > 3 ? shipped : [])];
  const low = word.toLowerCase(), seen = new Set();
  const fits = wanted.filter((one) => { const text = one.text.toLowerCase(); const does = text.startsWith(low) || text.includes(`.${low}`) || (low.length > 2 && text.includes(low)); if (!does || seen.has(text)) return false; seen.add(text); return true; });
  return fits.sort((one, other) => Number(other.text.toLowerCase().startsWith(low)) - Number(one.text.toLowerCase().startsWith(low)));
}
