// One turn against the turn before: what was sent otherwise, what came otherwise.

import { ask, part } from "./api.js";
import { h, put } from "./dom.js";
import { compact, duration, shortId } from "./format.js";
import { note, nothing, panel, table, waiting } from "./parts.js";
import { gist } from "./steps.js";

const FIELDS = [["model", "model"], ["agent", "agent"], ["store", "store"], ["tool_types", "tools offered"], ["tool_choice", "tool choice"], ["response_formats", "answer as"], ["thinking_level", "thinking"], ["max_output_tokens", "tokens at most"], ["is_streaming", "stream"], ["is_background", "background"], ["service_tier", "tier"], ["status", "status"], ["error_code", "error"], ["input_tokens", "tokens in"], ["cached_tokens", "cached"], ["output_tokens", "tokens out"], ["thought_tokens", "thought"], ["create_duration_ns", "took"], ["client", "client"], ["sdk", "SDK"]];
const NUMBERS = new Set(["input_tokens", "cached_tokens", "output_tokens", "thought_tokens"]);

/** An element that fills itself once the turn before is there. */
export function diffPanel(sheet, reason, signal) {
  const before = sheet.interaction.previous_interaction_id;
  if (!before) return nothing("This turn goes on from none: there is nothing to compare with.");
  const element = h("div", null, waiting());
  ask(`/v1/interactions/${part(before)}/sheet`, { query: { content: reason ? "true" : "" }, reason, signal }).then(
    (other) => put(element, draw(other, sheet, Boolean(reason))),
    (error) => { if (!signal.aborted) put(element, note(error.status === 404 ? `The turn before (${shortId(before)}) was never recorded here.` : error.message, "waits")); });
  return element;
}

function draw(before, after, isOpen) {
  const changed = FIELDS.filter(([name]) => String(before.interaction[name] ?? "") !== String(after.interaction[name] ?? ""));
  const same = FIELDS.length - changed.length;
  const shown = (sheet, name) => name === "create_duration_ns" ? duration(sheet.interaction[name]) : NUMBERS.has(name) ? compact(sheet.interaction[name]) : String(sheet.interaction[name] ?? "–");
  const settings = isOpen ? settingRows(before.asked?.request ?? {}, after.asked?.request ?? {}) : [];
  return [
    panel("Facts", changed.length ? table([{ name: "", draw: ([, label]) => label }, { name: "turn before", draw: ([name]) => h("del", null, shown(before, name)) }, { name: "this turn", draw: ([name]) => h("ins", null, shown(after, name)) }], changed, "Changed facts") : nothing("No fact differs."), h("p.mute", null, `${same} are the same.`)),
    panel("Settings", isOpen ? (settings.length ? table([{ name: "setting", draw: (row) => row.name }, { name: "turn before", draw: (row) => (row.before === undefined ? h("span.mute", null, "not sent") : h("del", null, row.before)) }, { name: "this turn", draw: (row) => (row.after === undefined ? h("b.lost", null, "not sent: it fell away") : h("ins", null, row.after)) }], settings, "Changed settings") : nothing("The settings are the same.")) : note("Sealed: open the content to compare settings.")),
    panel("Steps", h("div.grid2", null, side("Turn before", before, isOpen), side("This turn", after, isOpen))),
  ];
}

function settingRows(before, after) {
  const told = (value) => (value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value, null, 1));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => name !== "previous_interaction_id" && JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => ({ name, before: told(before[name]), after: told(after[name]) }));
}

const side = (title, sheet, isOpen) => h("div", null, h("h3", null, title), h("ol.plain-steps", null, sheet.timeline.slice(0, 60).map((step) =>
  h("li", null, h("b", null, step.name ?? step.type), " ", h("span.mute", null, isOpen ? gist(step.content).slice(0, 160) : `${compact(step.text_bytes)} B`))), sheet.timeline.length > 60 ? h("li.mute", null, `… and ${sheet.timeline.length - 60} more`) : null));
