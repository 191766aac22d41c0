// Live: what passes now. The feed waits at the proxy until something changes.

import { ask } from "./api.js";
import { h, put } from "./dom.js";
import { bytes, clock, compact, count, duration, micros } from "./format.js";
import { kindOf, typeText } from "./kinds.js";
import { badge, chip, interactionLink, note, nothing, waiting } from "./parts.js";
import { keepQuery } from "./router.js";

const SHOWN_MAX = 120;
const AGAIN_MS = 2000;
const WORDS = { delete: "Deletion", cancel: "Cancellation", get: "Read", resume: "Resumed stream" };

export function livePage(outlet, { query, signal }) {
  const opened = h("div.cards", { "aria-live": "off" });
  const ended = h("div.cards");
  const state = h("span.live-state", { role: "status" }, "connecting");
  const counts = h("p.lead", null, "Exchanges as they pass, and their steps as they stream.");
  const all = h("input", { type: "checkbox", id: "all", checked: query.all === "yes", onchange: () => { keepQuery({ all: all.checked ? "yes" : "" }); draw(); } });
  let isPaused = false;
  const pause = h("button.quiet", { type: "button", "aria-pressed": "false", onclick: () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    put(pause, isPaused ? "Go on" : "Pause");
    if (!isPaused) draw();
  } }, "Pause");
  put(outlet, h("div.head", null, h("h1", null, "Live ", state), h("div.tools", null, h("label.check", null, all, " all of the API"), pause)), counts,
    h("h2.quiet-title", null, "Under way"), opened, h("h2.quiet-title", null, "Just ended"), ended);
  put(opened, waiting("Looking…"));

  let running = [];
  let done = [];
  const draw = () => {
    if (isPaused) return;
    const wanted = (row) => all.checked || row.interaction || row.operation === "create";
    const now = running.filter(wanted), before = done.filter(wanted).slice(0, SHOWN_MAX);
    put(opened, now.length ? now.map((row) => card(row)) : nothing("Nothing is under way. What your program asks through the proxy appears here while it runs."));
    put(ended, before.length ? before.map((row) => card(row)) : nothing("Nothing ended since the recorder started."));
    put(counts, `${count(now.length)} under way · ${count(before.length)} ended lately`);
    tick();
  };

  const watch = async () => {
    let at = 0, seen = "";
    while (!signal.aborted) {
      try {
        const told = await ask("/v1/live", { query: { after: at, seen }, signal });
        [at, seen] = [told.at, told.seen];
        running = told.open.reverse();
        const fresh = told.ended.reverse();
        done = [...fresh, ...done].slice(0, 400);
        put(state, "live");
        state.dataset.on = "yes";
        draw();
      } catch (error) {
        if (signal.aborted) return;
        delete state.dataset.on;
        put(state, error.message);
        if (error.status === 404) { put(opened, note("This recorder has no live feed.", "bad")); return; }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  };
  const tick = () => {
    for (const element of opened.querySelectorAll("[data-since]")) put(element, duration((Date.now() * 1000 - Number(element.dataset.since)) * 1000));
  };
  const timer = setInterval(tick, 250);
  watch();
  return () => clearInterval(timer);
}

function card(row) {
  const steps = row.steps.filter((step) => step.side === "output");
  const status = row.is_open ? (row.status ?? "under way") : row.outcome !== "complete" ? row.outcome : row.error_code ?? row.status ?? String(row.http_status ?? "");
  const tone = row.is_open ? "busy" : row.outcome !== "complete" || row.error_code ? "bad" : undefined;
  return h("article.card", { class: row.is_open ? "open" : null, "data-exchange": row.exchange },
    h("div.card-head", null,
      badge(status, tone), h("b", null, row.agent ?? row.model ?? WORDS[row.operation] ?? row.route),
      chip(row.operation), row.is_streaming ? chip("stream") : null, row.is_background ? chip("background") : null, row.purpose !== "client" ? chip(row.purpose) : null,
      h("span.grow"),
      h("span.num.mute", row.is_open ? { "data-since": micros(row.started_at) } : null, row.is_open ? "" : duration(row.duration_ns))),
    h("div.card-sub", null, row.interaction ? interactionLink(row.interaction, 30) : h("span.mute", null, row.exchange),
      h("span.mute", null, clock(row.started_at)), row.total_tokens ? h("span.mute", null, `${compact(row.total_tokens)} tokens`) : null,
      row.event_count ? h("span.mute", null, `${count(row.event_count)} events`) : null, h("span.mute", null, bytes(row.response_bytes))),
    steps.length ? h("ol.flow", null, steps.slice(-40).map((step) => flowStep(step, row))) : null);
}

function flowStep(step, row) {
  const { family, mark } = kindOf(step.type);
  const isGrowing = row.is_open && step.since_ns !== null && step.duration_ns === null;
  const size = step.text_bytes ? bytes(step.text_bytes) : step.media_count ? `${step.media_count} media` : "";
  return h("li", { class: isGrowing ? "growing" : null, "data-family": family, title: step.duration_ns ? duration(step.duration_ns) : null },
    h("span.mark", { "aria-hidden": "true" }, mark), step.name ?? typeText(step.type), size ? h("span.mute.num", null, ` ${size}`) : null);
}
