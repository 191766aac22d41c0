// What a step says, drawn for its type. Foreign text throughout: it only ever becomes text nodes.

import { ask } from "./api.js";
import { h, put } from "./dom.js";
import { bytes } from "./format.js";
import { chip, json, longText, note } from "./parts.js";
import { reasonFor } from "./shell.js";

const IMAGES = new Set(["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"]);
const SOUNDS = new Set(["audio/wav", "audio/x-wav", "audio/mp3", "audio/mpeg", "audio/ogg", "audio/opus", "audio/flac", "audio/aac", "audio/m4a", "audio/mp4"]);
const FILMS = new Set(["video/mp4", "video/webm"]);
const SHOWN_ALREADY = new Set(["type", "signature", "content", "summary", "name", "arguments", "result", "is_error", "id", "call_id", "server_name", "search_type", "retrieval_type"]);

/** One line that says what the step is about; "" where there is nothing to say. */
export const gist = (step) => gistOf(step).replace(/\*\*|`/g, "");

function gistOf(step) {
  if (!step || typeof step !== "object") return "";
  const args = step.arguments;
  if (typeof args?.code === "string") return `${args.language ?? "code"}: ${args.code.trim().split("\n")[0]}`;
  if (Array.isArray(args?.queries)) return args.queries.join(" · ");
  if (Array.isArray(args?.urls)) return args.urls.join(" · ");
  if (typeof step.name === "string" && "arguments" in step) return `${step.name}(${Object.entries(args && typeof args === "object" ? args : {}).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")})`;
  if ("result" in step) return typeof step.result === "string" ? step.result : textOf(step.result) || JSON.stringify(step.result);
  return textOf(step.content) || textOf(step.summary);
}

function textOf(contents) {
  if (typeof contents === "string") return contents;
  const list = Array.isArray(contents) ? contents : contents ? [contents] : [];
  return list.map((one) => (typeof one === "string" ? one : typeof one?.text === "string" ? one.text : typeof one?.url === "string" ? [one.title, one.url, one.status].filter(Boolean).join(" ") : Array.isArray(one?.places) ? one.places.map((place) => place?.name).filter(Boolean).join(", ") : typeof one?.search_suggestions === "string" ? "search suggestions" : one?.type ? `[${one.type}]` : "")).filter(Boolean).join(" ");
}

/** The step in full. `media`: rows of this step. */
export function stepBody(step, media, signal) {
  if (step === null || step === undefined) return note("Erased, or it cannot be opened.");
  if (typeof step !== "object") return json(step);
  if (step.$omitted) return note("Nested too deeply to be told: kept in the raw record only.");
  const parts = [];
  const args = step.arguments;
  if (step.is_error === true) parts.push(note("This result says that it failed.", "bad"));
  if (typeof args?.code === "string") parts.push(h("pre.code", null, h("span.lang", null, args.language ?? "code"), longText(args.code)));
  else if (Array.isArray(args?.queries)) parts.push(h("ul.queries", null, args.queries.map((one) => h("li", null, String(one)))));
  else if (Array.isArray(args?.urls)) parts.push(h("ul.queries", null, args.urls.map((one) => h("li", null, String(one)))));
  else if (args !== undefined) parts.push(h("div.call", null, step.name ? h("code.fn", null, step.server_name ? `${step.server_name}/${step.name}` : String(step.name)) : null, json(args, 3)));
  if ("result" in step) parts.push(resultOf(step, media, signal));
  for (const contents of [step.content, step.summary]) if (contents !== undefined) parts.push(contentsOf(contents, media, signal));
  const rest = Object.fromEntries(Object.entries(step).filter(([name]) => !SHOWN_ALREADY.has(name)));
  if (Object.keys(rest).length) parts.push(h("details", null, h("summary.mute", null, "more fields"), json(rest)));
  return parts.length ? parts : json(Object.fromEntries(Object.entries(step).filter(([name]) => name !== "signature")));
}

function resultOf(step, media, signal) {
  const result = step.result;
  if (typeof result === "string") return step.type?.startsWith("code_") ? h("pre.code.out", null, h("span.lang", null, "output"), longText(result)) : h("div.text", null, longText(result));
  const list = Array.isArray(result) ? result : null;
  if (list?.length && list.every((one) => one && typeof one === "object" && "type" in one && ("text" in one || "data" in one || "uri" in one))) return contentsOf(list, media, signal);
  const places = list?.flatMap((one) => (Array.isArray(one?.places) ? one.places : [])) ?? [];
  if (places.length) return [sources(places.map((one) => [one.name, one.url])), h("details", null, h("summary.mute", null, "as JSON"), json(result))];
  if (list?.length && list.every((one) => typeof one?.url === "string")) return sources(list.map((one) => [one.title ?? one.status ?? "", one.url]));
  if (list?.length > 1 && list.every((one) => isFlat(one))) return flatTable(list);
  return json(result, 3);
}

function contentsOf(contents, media, signal) {
  const list = Array.isArray(contents) ? contents : [contents];
  return list.map((one) => contentOf(one, media, signal));
}

function contentOf(one, media, signal) {
  if (typeof one === "string") return prose(one);
  if (!one || typeof one !== "object") return json(one);
  if (typeof one.text === "string") return [prose(one.text), Array.isArray(one.annotations) && one.annotations.length ? citations(one.annotations) : null];
  const place = one.data?.$media;
  if (place !== undefined || one.uri !== undefined) return mediaOf(one, media.find((each) => each.media_index === place) ?? media.find((each) => each.source !== "inline"), signal);
  return json(one);
}

/** Text as it was written; JSON texts as a tree, pipes as a table. */
function prose(text) {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed) && trimmed.length < 200_000) {
    try { return json(JSON.parse(trimmed), 3); } catch { /* plain text after all */ }
  }
  const blocks = text.split(/\n{2,}/);
  if (blocks.length > 400) return h("div.text", null, longText(text));
  return h("div.text", null, blocks.map(block));
}

function block(text) {
  const lines = text.split("\n");
  if (lines.length > 2 && lines.every((line) => line.trim().startsWith("|")) && /^[\s|:-]+$/.test(lines[1])) {
    const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
    return h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Table" }, h("table", null, h("thead", null, h("tr", null, cells(lines[0]).map((cell) => h("th", { scope: "col" }, inline(cell))))), h("tbody", null, lines.slice(2).map((line) => h("tr", null, cells(line).map((cell) => h("td", null, inline(cell))))))));
  }
  const fence = /^```(\w*)\n([\s\S]*?)(?:\n```)?$/.exec(text);
  if (fence) return h("pre.code", null, fence[1] ? h("span.lang", null, fence[1]) : null, fence[2]);
  const heading = /^(#{1,6}) (.+)$/.exec(text);
  if (heading) return h("p.heading", null, inline(heading[2]));
  return h("p", null, text.length > 8000 ? longText(text) : inline(text));
}

/** **bold** and `code`, nothing else. */
function inline(text) {
  return text.split(/(\*\*[^*\n]+\*\*|`[^`\n]+`)/).map((piece) =>
    piece.length > 4 && piece.startsWith("**") && piece.endsWith("**") ? h("b", null, piece.slice(2, -2)) : piece.length > 2 && piece.startsWith("`") && piece.endsWith("`") ? h("code", null, piece.slice(1, -1)) : piece);
}

const NOTES_SHOWN = 12;
function citations(annotations) {
  const found = new Map();
  let words = 0;
  for (const one of annotations) {
    if (one?.type === "word_info") { words += 1; continue; }
    const url = one?.url ?? one?.document_uri ?? one?.source ?? "";
    found.set(String(url) + (one?.title ?? ""), [one?.title ?? one?.name ?? one?.file_name ?? one?.type ?? "source", url, one?.page_number]);
  }
  const all = [...found.values()];
  return h("div.cites", null, h("span.mute", null, "Sources"), sources(all.slice(0, NOTES_SHOWN)), all.length > NOTES_SHOWN ? h("details", null, h("summary.mute", null, `${all.length - NOTES_SHOWN} more`), sources(all.slice(NOTES_SHOWN))) : null, words ? h("span.mute", null, `${words} words timed`) : null);
}

/** Addresses are shown, not linked: nothing of what was recorded is one click from being fetched. */
const sources = (pairs) => h("ol.sources", null, pairs.map(([title, url, page]) => h("li", null, h("span", null, String(title ?? "")), page ? h("span.mute", null, ` p. ${page}`) : null, url ? h("span.url", null, String(url)) : null)));

const isFlat = (one) => one && typeof one === "object" && !Array.isArray(one) && Object.values(one).every((value) => value === null || typeof value !== "object");
function flatTable(list) {
  const names = [...new Set(list.flatMap(Object.keys))].slice(0, 30);
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Result as a table" }, h("table", null, h("thead", null, h("tr", null, names.map((name) => h("th", { scope: "col" }, name)))), h("tbody", null, list.slice(0, 500).map((one) => h("tr", null, names.map((name) => h("td", null, String(one[name] ?? ""))))))));
}

function mediaOf(one, row, signal) {
  const type = one.mime_type ?? row?.mime_type ?? one.type ?? "media";
  const extent = [row?.width && row?.height ? `${row.width} × ${row.height}` : null, row?.duration_ms ? `${(row.duration_ms / 1000).toFixed(1)} s` : null, row?.media_bytes ? bytes(row.media_bytes) : null].filter(Boolean).join(" · ");
  const frame = h("figure.media");
  const caption = h("figcaption", null, chip(String(type)), " ", h("span.mute", null, extent));
  if (!row?.content_ref) {
    put(frame, h("p.mute", null, "came by address: its bytes never passed here"), one.uri ? h("span.url", null, String(one.uri)) : null, caption);
    return frame;
  }
  const open = h("button.quiet", { type: "button", onclick: () => show() }, IMAGES.has(type) ? "Show image" : SOUNDS.has(type) ? "Load sound" : FILMS.has(type) ? "Load film" : "Save as file");
  const show = async () => {
    const reason = await reasonFor("a media object");
    if (!reason) return;
    try {
      const blob = await ask("/v1/media", { query: { ref: row.content_ref }, reason, bytes: true, signal });
      const safe = IMAGES.has(type) || SOUNDS.has(type) || FILMS.has(type);
      const url = URL.createObjectURL(new Blob([blob], { type: safe ? type : "application/octet-stream" }));
      signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
      const failed = () => put(frame, h("p.mute", null, "This browser cannot show it."), caption);
      put(frame, IMAGES.has(type) ? h("img", { src: url, alt: `${type} of the recorded step`, onerror: failed }) : SOUNDS.has(type) ? h("audio", { src: url, controls: true, onerror: failed, "aria-label": "Recorded sound" }) : FILMS.has(type) ? h("video", { src: url, controls: true, onerror: failed, "aria-label": "Recorded film" }) : h("a", { href: url, download: "media.bin" }, "Save media.bin"), caption);
    } catch (error) { if (!signal.aborted) put(frame, note(error.message, "bad"), caption); }
  };
  put(frame, open, caption);
  return frame;
}
