// One interaction: its steps on a line of true times, what they say, what they cost, who carried it, until when copies live.

import { ask, part } from "./api.js";
import { diffPanel } from "./diff.js";
import { h, put } from "./dom.js";
import { bytes, clock, compact, count, counted, distance, duration, micros, moment, percent, shortId, usd } from "./format.js";
import { kindOf, typeText } from "./kinds.js";
import { badge, chip, copyButton, facts, interactionLink, json, note, nothing, panel, table, tone, waiting } from "./parts.js";
import { href, keepQuery } from "./router.js";
import { session } from "./session.js";
import { reasonFor } from "./shell.js";
import { checked } from "./proof.js";
import { gist, stepBody } from "./steps.js";

const OPEN_AT_ONCE = 12;
const DRAWN_AT_ONCE = 120;
const AROUND_MS = 300_000;
const TABS = [["steps", "Steps"], ["usage", "Usage and cost"], ["exchanges", "Exchanges"], ["settings", "Request"], ["diff", "Against the turn before"], ["fate", "Copies and trail"]];

export function interactionPage(outlet, { params, query, signal }) {
  const state = { tab: query.tab || "steps", step: Number(query.step) || 0 };
  put(outlet, waiting());
  load(session.may("content") && session.reason ? session.reason : null);

  async function load(reason) {
    try {
      const sheet = await ask(`/v1/interactions/${part(params.id)}/sheet`, { query: { content: reason ? "true" : "" }, reason, signal });
      draw(sheet, Boolean(reason));
    } catch (error) {
      if (!signal.aborted) put(outlet, h("h1", null, "Interaction"), h("p.id.long", null, params.id), note(error.message, "bad"));
    }
  }

  function draw(sheet, isOpen) {
    const about = sheet.interaction;
    const body = h("div.tab-body", { id: "tab-body", role: "tabpanel", tabindex: "0" });
    const views = {
      steps: () => stepsView(sheet, isOpen, state, signal),
      usage: () => usageView(sheet),
      exchanges: () => exchangesView(sheet, signal),
      settings: () => settingsView(sheet, isOpen),
      diff: () => diffPanel(sheet, isOpen ? session.reason : null, signal),
      fate: () => fateView(sheet, signal),
    };
    const choose = (name) => {
      state.tab = views[name] ? name : "steps";
      keepQuery({ tab: state.tab === "steps" ? "" : state.tab, step: state.step || "" });
      for (const tab of tabs.children) {
        const isOn = tab.dataset.tab === state.tab;
        tab.setAttribute("aria-selected", String(isOn));
        tab.tabIndex = isOn ? 0 : -1;
      }
      body.setAttribute("aria-labelledby", `tab-${state.tab}`);
      put(body, views[state.tab]());
    };
    const tabs = h("div.tabs", { role: "tablist", "aria-label": "Parts of this interaction", onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const all = [...tabs.children];
      const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
      next.focus();
      choose(next.dataset.tab);
    } }, TABS.map(([name, text]) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "data-tab": name, "aria-controls": "tab-body", onclick: () => choose(name) }, text, tabCount(sheet, name))));
    put(outlet, header(sheet), sealBar(isOpen), tabs, body);
    choose(state.tab);
  }

  function sealBar(isOpen) {
    if (isOpen) return null;
    if (!session.may("content")) return h("div.seal", null, h("b", null, "Content is sealed."), ` The role ${session.me.role} sees facts: which steps, when, how large, at what cost.`);
    return h("div.seal", null, h("span", null, h("b", null, "Content is sealed."), " Opening it is written into the trail, with your reason."),
      h("button.primary", { type: "button", onclick: async () => { const reason = await reasonFor("this interaction"); if (reason) load(reason); } }, "Open content"));
  }
}

function tabCount(sheet, name) {
  const number = { steps: sheet.timeline.length, exchanges: sheet.exchanges.length }[name];
  return number === undefined ? null : h("span.count", null, count(number));
}

function header(sheet) {
  const about = sheet.interaction;
  const status = about.status ?? about.error_code ?? "unknown";
  const cost = sheet.costs.reduce((sum, line) => (line.amount_pico_usd === null ? sum : sum + Number(line.amount_pico_usd)), 0);
  const isWhole = sheet.costs.length > 0 && sheet.costs.every((line) => line.amount_pico_usd !== null);
  return h("div", null,
    h("div.head", null, h("div", null,
      h("p.crumbs", null, h("a", { href: href("find") }, "Find"), " / ", about.turn_count > 1 || about.previous_interaction_id ? h("a", { href: href(`conversations/${encodeURIComponent(about.interaction)}`) }, `Conversation, turn ${about.turn} of ${about.turn_count}`) : h("a", { href: href(`conversations/${encodeURIComponent(about.interaction)}`) }, "Conversation")),
      h("h1", null, about.agent ?? about.model ?? "Interaction", " ", badge(status, about.error_code ? "bad" : tone(status)))),
    h("div.tools", null, turnLinks(sheet))),
    h("p.id.long", null, about.interaction, " ", copyButton(about.interaction)),
    h("div.stats", null,
      stat("took", duration(about.create_duration_ns), about.first_event_ns ? `first event after ${duration(about.first_event_ns)}` : about.is_background ? "in the background" : "one answer"),
      stat("tokens", compact(about.total_tokens), [about.input_tokens !== null ? `${compact(about.input_tokens)} in` : null, about.cached_tokens ? `${compact(about.cached_tokens)} cached` : null, about.thought_tokens ? `${compact(about.thought_tokens)} thought` : null, about.output_tokens !== null ? `${compact(about.output_tokens)} out` : null].filter(Boolean).join(" · ")),
      stat("cost", sheet.costs.length ? usd(cost, isWhole) : "–", sheet.costs.length ? (isWhole ? "by list prices" : "some lines have no price") : "not priced"),
      stat("steps", `${about.input_step_count} → ${about.output_step_count}`, about.function_call_count ? counted(about.function_call_count, "call") + " to answer" : "in → out"),
      stat("created", clock(about.created_at), moment(about.created_at).slice(0, 10))),
    h("div.chips", null, about.is_streaming ? chip("stream") : null, about.is_background ? chip("background") : null, about.store === "false" ? chip("not stored at Google") : null,
      about.service_tier ? chip(`tier ${about.service_tier}`) : null, about.thinking_level ? chip(`thinking ${about.thinking_level}`) : null, about.tool_types?.split(",").map((name) => chip(name, "tool offered")),
      about.sdk ? chip(about.sdk) : null, about.client ? h("a.chip", { href: href("find", { client: about.client }), title: "fingerprint of the credential" }, `client ${about.client.slice(0, 8)}`) : null),
    about.deleted_at ? note(`Deleted at Google ${moment(about.deleted_at)}.`) : null,
    sheet.gap ? note(`Its end is missing here: ${sheet.gap.why ?? sheet.gap.reason ?? "nobody saw it"}.`, "waits") : null,
    sheet.problems.length ? note(`${sheet.problems.length === 1 ? "One oddity" : `${count(sheet.problems.length)} oddities`} in its exchanges: see there.`, "waits") : null,
    sheet.divergences.length ? note(`A later answer differs from what was told first: ${sheet.divergences.map((each) => each.what).join("; ")}.`, "bad") : null);
}

const stat = (name, value, below) => h("div.stat", null, h("span.mute", null, name), h("b.num", null, value), h("span.mute", null, below));

function turnLinks(sheet) {
  const previous = sheet.interaction.previous_interaction_id;
  return [previous ? h("a.button", { href: href(`interactions/${encodeURIComponent(previous)}`) }, "← turn before") : null,
    sheet.next.slice(0, 3).map((each, place) => h("a.button", { href: href(`interactions/${encodeURIComponent(each.interaction)}`), title: each.interaction }, sheet.next.length > 1 ? `fork ${place + 1} →` : "next turn →")),
    h("a.button", { href: href(`conversations/${encodeURIComponent(sheet.interaction.interaction)}`) }, "Tree"),
    outward(sheet.trace_url, "Trace"), outward(dashboardOf(sheet.interaction), "Dashboards")];
}

/** A link to what the operator set: another program, in a tab of its own. */
const outward = (address, text) => (address ? h("a.button", { href: address, target: "_blank", rel: "noreferrer noopener" }, `${text} ↗`) : null);

/** The dashboards at the time of an interaction; null: no address of them is set. */
function dashboardOf(about) {
  const address = session.me?.dashboard_url;
  const start = Date.parse(about.created_at), end = Date.parse(about.ended_at ?? about.created_at);
  if (!address || Number.isNaN(start)) return address || null;
  return address.replaceAll("{from}", String(start - AROUND_MS)).replaceAll("{to}", String(Math.max(start, end || start) + AROUND_MS));
}

// ---- steps

function stepsView(sheet, isOpen, state, signal) {
  if (!sheet.timeline.length) return nothing("No step was seen.");
  const axis = axisOf(sheet);
  const places = new Map(sheet.timeline.filter((step) => step.call_id && step.type.endsWith("_call")).map((step) => [step.call_id, step.place]));
  const list = h("ol.steps", { class: axis.span ? null : "untimed" });
  const few = sheet.timeline.length <= OPEN_AT_ONCE;
  let drawn = 0;
  const more = () => {
    const next = sheet.timeline.slice(drawn, drawn + DRAWN_AT_ONCE);
    drawn += next.length;
    list.append(...next.map((step) => stepRow(step, { sheet, axis, places, isOpen, signal, isShown: isOpen && (few || state.step === step.place), onToggle: (place) => { state.step = place; keepQuery({ tab: "", step: place || "" }); } })));
    if (drawn < sheet.timeline.length) requestAnimationFrame(() => { if (!signal.aborted) more(); });
    else if (state.step) list.querySelector(`[data-place="${state.step}"]`)?.scrollIntoView({ block: "center" });
  };
  more();
  return h("div", null, axis.span ? h("div.axis", { "aria-hidden": "true" }, h("div.ticks", null, axis.ticks.map((tick) => h("span", { style: { left: `${tick.at}%` } }, tick.text)))) : h("p.mute.small.untimed-note", null, "The answer came in one piece: its steps have no times of their own."),
    list, sheet.hops.length > 1 ? hops(sheet) : null);
}

/** From when to when the line of times runs: what was streamed, and the wait before it. */
function axisOf(sheet) {
  const timed = sheet.timeline.filter((step) => step.started_at && step.duration_ns !== null);
  const create = sheet.exchanges.find((each) => each.exchange === sheet.interaction.create_exchange) ?? sheet.exchanges[0];
  const start = micros(create?.started_at ?? timed[0]?.started_at);
  const ends = timed.map((step) => micros(step.started_at) + step.duration_ns / 1000);
  const span = timed.length ? Math.max(1, ...ends.map((end) => end - start), create?.is_streaming ? create.duration_ns / 1000 : 0) : 0;
  const ticks = span ? [0, 0.25, 0.5, 0.75, 1].map((share) => ({ at: share * 100, text: duration(span * 1000 * share) })) : [];
  return { start, span, ticks, of: (step) => {
    if (!span || !step.started_at) return null;
    const from = Math.max(0, micros(step.started_at) - start);
    return { left: Math.min(99.6, (from / span) * 100), width: Math.max(0.4, Math.min(100, ((step.duration_ns ?? 0) / 1000 / span) * 100)), from };
  } };
}

function stepRow(step, { sheet, axis, places, isOpen, signal, isShown, onToggle }) {
  const { family, mark } = kindOf(step.type);
  const bar = axis.of(step);
  const of = step.type.endsWith("_result") ? places.get(step.call_id) : null;
  const media = sheet.media.filter((each) => each.exchange === step.exchange && each.side === step.side && each.step_index === step.step_index);
  const told = isOpen ? gist(step.content) : "";
  const size = [step.text_bytes ? bytes(step.text_bytes) : null, media.length ? counted(media.length, "media object") : null, step.item_count ? counted(step.item_count, "item") : null, step.annotation_count ? counted(step.annotation_count, "note") : null].filter(Boolean).join(" · ");
  const body = h("div.step-body", { id: `step-${step.place}` });
  const fill = () => put(body, isOpen ? stepBody(step.content, media, signal) : note("Sealed: open the content to read this step."), stepFacts(step));
  const button = h("button.step-head", { type: "button", "aria-expanded": String(isShown), "aria-controls": `step-${step.place}`, onclick: () => {
    const isNow = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(isNow));
    row.classList.toggle("shown", isNow);
    if (isNow) fill(); else put(body);
    onToggle(isNow ? step.place : 0);
  } },
  h("span.place.num", null, step.place), h("span.mark", { "aria-hidden": "true" }, mark),
  h("span.step-name", null, h("b", null, step.name ?? typeText(step.type)), step.name ? h("span.mute", null, ` ${typeText(step.type)}`) : null, of ? h("span.mute", null, ` of ${of}`) : null, step.variant ? h("span.mute", null, ` ${step.variant}`) : null,
    step.is_error ? badge(step.error_code ?? "error", "bad") : null, step.is_partial ? chip("in part", "no single exchange saw all of it") : null),
  h("span.gist", null, told ? told.slice(0, 300) : h("span.mute", null, size)),
  h("span.track", null, bar ? h("i", { style: { left: `${bar.left}%`, width: `${bar.width}%` }, title: `from ${duration(bar.from * 1000)} for ${duration(step.duration_ns)}` }) : null),
  h("span.num.took", null, step.duration_ns !== null ? duration(step.duration_ns) : ""));
  const row = h("li.step", { "data-family": family, "data-side": step.side, "data-place": step.place, class: isShown ? "shown" : null }, button, body);
  if (isShown) fill();
  return row;
}

const stepFacts = (step) => h("p.step-facts.mute.num", null, [
  step.started_at ? `${clock(step.started_at)}` : null, step.step_tokens ? `${count(step.step_tokens)} tokens` : null, step.text_bytes ? `${bytes(step.text_bytes)} of text` : null, `sealed as ${bytes(step.content_bytes)}`,
  step.call_id ? `call ${step.call_id}` : null, step.server_name, step.exchange].filter(Boolean).join("  ·  "));

const hops = (sheet) => panel("One answer of several hops", table([
  { name: "hop", number: true, draw: (row) => row.hop }, { name: "interaction", draw: (row) => interactionLink(row.interaction, 24) }, { name: "status", draw: (row) => badge(row.status) },
  { name: "tokens", number: true, draw: (row) => count(row.total_tokens) }, { name: "created", draw: (row) => moment(row.created_at) }], sheet.hops, "Hops"));

// ---- usage

function usageView(sheet) {
  const about = sheet.interaction;
  const most = Math.max(1, ...sheet.usage.map((line) => line.tokens));
  return [
    panel("Tokens", sheet.usage.length ? table([
      { name: "kind", draw: (line) => line.kind }, { name: "modality", draw: (line) => line.modality },
      { name: "tokens", number: true, draw: (line) => count(line.tokens) },
      { name: "", draw: (line) => h("span.meter.wide", null, h("i", { style: { width: `${(line.tokens / most) * 100}%` } })) }], sheet.usage, "Tokens by kind") : nothing("No usage was told."),
    about.cached_tokens && about.input_tokens ? h("p.mute", null, `${percent(about.cached_tokens / about.input_tokens)} of what went in came out of the cache.`) : null),
    panel("Cost", sheet.costs.length ? table([
      { name: "item", draw: (line) => line.item }, { name: "modality", draw: (line) => line.modality }, { name: "tier", draw: (line) => line.tier },
      { name: "quantity", number: true, draw: (line) => `${count(line.quantity)} ${line.unit}${line.quantity === 1 ? "" : "s"}` },
      { name: "price", number: true, draw: (line) => (line.price_pico_usd === null ? "–" : priceOf(line)) },
      { name: "amount", number: true, draw: (line) => (line.amount_pico_usd === null ? h("span.mute", { title: line.reason }, line.reason || "no price") : usd(line.amount_pico_usd)) }], sheet.costs, "Cost by line") : nothing("Nothing of it was priced."),
    sheet.costs.length ? h("p.mute", null, `An estimate by the list prices of ${sheet.costs[0].book}, not an invoice. What has no price is said to have none.`) : null),
  ];
}

// ---- exchanges

/** Tokens are priced by the million, what Google does by the thousand. */
function priceOf(line) {
  const [times, many] = line.unit === "token" ? [1e6, "M"] : [1000, "1,000"];
  return `${usd(Number(line.price_pico_usd) * times)} / ${many}`;
}

function exchangesView(sheet, signal) {
  const shown = h("div");
  return [
    panel("Exchanges that carried it", table([
      { name: "when", draw: (row) => clock(row.started_at) }, { name: "what", draw: (row) => row.operation },
      { name: "status", draw: (row) => badge(row.outcome === "complete" ? String(row.status ?? "none") : row.outcome, row.outcome !== "complete" || row.status >= 400 || row.status === null ? "bad" : "good") },
      { name: "took", number: true, draw: (row) => duration(row.duration_ns) }, { name: "sent", number: true, draw: (row) => bytes(row.request_bytes) }, { name: "received", number: true, draw: (row) => bytes(row.response_bytes) },
      { name: "events", number: true, draw: (row) => (row.is_streaming ? count(row.event_count) : "") }, { name: "exchange", draw: (row) => h("span.id", null, row.exchange) },
      { name: "", draw: (row) => (session.may("raw") ? h("button.quiet.small", { type: "button", onclick: () => showRaw(row.exchange, shown, signal) }, "Raw") : null) }], sheet.exchanges, "Exchanges"),
    session.may("raw") ? null : h("p.mute", null, "The raw bytes are for the role admin.")), shown,
    sheet.problems.length ? panel("Oddities", table([{ name: "kind", draw: (row) => row.kind }, { name: "where", draw: (row) => h("code", null, row.place) }, { name: "what", draw: (row) => row.detail }, { name: "exchange", draw: (row) => h("span.id", null, row.exchange) }], sheet.problems, "Oddities")) : null,
    sheet.attempts.length ? panel("Attempts of its create", table(Object.keys(sheet.attempts[0]).slice(0, 8).map((name) => ({ name, draw: (row) => String(row[name] ?? "") })), sheet.attempts, "Attempts")) : null,
    sheet.divergences.length ? panel("Told in two ways", table([{ name: "first told by", draw: (row) => h("span.id", null, row.told_by) }, { name: "then by", draw: (row) => h("span.id", null, row.shown_by) }, { name: "step", number: true, draw: (row) => row.step_index }, { name: "what differs", draw: (row) => row.what }], sheet.divergences, "Divergences")) : null,
  ];
}

async function showRaw(exchange, element, signal) {
  const reason = await reasonFor("the raw bytes of an exchange");
  if (!reason) return;
  put(element, waiting());
  try {
    const told = await ask(`/v1/exchanges/${part(exchange)}/raw`, { reason, signal });
    put(element, panel(`Raw: ${exchange}`, told.detail ? note(told.detail) : null, h("div.grid2", null, rawSide("Request", told.request), rawSide(told.is_own_answer ? "Response (of the proxy itself)" : "Response", told.response))));
    element.scrollIntoView({ block: "start" });
  } catch (error) { if (!signal.aborted) put(element, note(error.message, "bad")); }
}

function rawSide(title, side) {
  const body = side.text ?? side.base64 ?? "";
  return h("div.raw", null, h("h3", null, title), h("pre.code", null, side.head || "(none)"),
    h("p.mute", null, `${bytes(side.body_bytes)} of body in ${counted(side.chunks.length, "chunk")}`, side.shown_bytes < side.body_bytes && side.text !== null ? `, ${bytes(side.shown_bytes)} shown` : "", side.base64 ? ", base64" : "", " ", body ? copyButton(body) : null),
    body ? h("pre.code", null, body.length > 20_000 ? [body.slice(0, 20_000), h("span.mute", null, ` … ${count(body.length - 20_000)} more characters: copy has all`)] : body) : null,
    side.chunks.length > 1 ? chunkStrip(side.chunks) : null);
}

function chunkStrip(chunks) {
  const first = chunks[0].since_ns, span = Math.max(1, chunks.at(-1).since_ns - first);
  return h("div.strip", { role: "img", "aria-label": `Chunks over ${duration(span)}` }, chunks.slice(0, 400).map((chunk) => h("i", { style: { left: `${((chunk.since_ns - first) / span) * 100}%` }, title: `${duration(chunk.since_ns)}: ${bytes(chunk.size)}` })));
}

// ---- settings, fate

function settingsView(sheet, isOpen) {
  const about = sheet.interaction;
  return [
    panel("Asked for", facts([["model", about.model], ["agent", about.agent], ["store", about.store], ["tools offered", about.tool_types], ["tool choice", about.tool_choice], ["answer as", about.response_formats], ["thinking", about.thinking_level], ["tokens at most", about.max_output_tokens], ["tier asked", about.service_tier_asked], ["tier served", about.service_tier], ["sandbox", about.environment_id], ["continues", about.previous_interaction_id ? interactionLink(about.previous_interaction_id, 40) : null]])),
    panel("Beside the input", isOpen ? (sheet.asked ? json(sheet.asked.request ?? sheet.asked, 3) : nothing("Nothing was asked for beside the input.")) : note("Sealed: instructions, labels and schemas are content.")),
    isOpen && sheet.answered?.answer ? panel("Beside the steps of the answer", json(sheet.answered.answer, 2)) : null,
  ];
}

/** What an act of ours gives as its reason. */
function reasonOf(data) {
  try { const told = JSON.parse(data ?? "{}").reason; return told ? h("span.mute", null, ` “${told}”`) : null; } catch { return null; }
}

/** Asks for the proofs and computes them here. */
function proofView(sheet, signal) {
  const shown = h("div", { "aria-live": "polite" });
  const button = h("button.primary", { type: "button", onclick: async () => {
    put(shown, waiting("Computing…"));
    try {
      const told = await ask(`/v1/interactions/${part(sheet.interaction.interaction)}/proof`, { signal });
      put(shown, proofTold(await checked(told), told));
    } catch (error) { if (!signal.aborted) put(shown, note(error.message, "bad")); }
  } }, "Check in this browser");
  return h("div.proof", null, h("p", null, button), shown);
}

function proofTold({ checkpoint, is_signed: isSigned, leaves }, told) {
  const broken = leaves.filter((one) => one.state === "broken"), absent = leaves.filter((one) => one.state === "absent");
  const signed = isSigned === null ? "This browser cannot check its signature (Ed25519)." : isSigned ? "Its signature holds." : "Its signature does not hold.";
  const verdict = broken.length || isSigned === false ? ["bad", "Something does not fit: keep this page, and run interactions-proxy verify."] : absent.length ? ["waits", `${counted(leaves.length - absent.length, "exchange")} proven, ${count(absent.length)} without a signed leaf here.`] : ["good", `${counted(leaves.length, "exchange")} proven: computed here from the records, not told by the proxy.`];
  return [note(verdict[1], verdict[0]),
    h("p", null, `The checkpoint covers ${count(checkpoint.size)} leaves. ${signed} Compare its key with the one you hold: `, h("code", null, told.vkey)),
    table([{ name: "exchange", draw: (row) => h("span.id", null, row.exchange) }, { name: "leaf", number: true, draw: (row) => (row.index === null ? "–" : count(row.index)) },
      { name: "steps to the root", number: true, draw: (row) => count(row.proof.length) },
      { name: "", draw: (row) => badge(row.state, { proven: "good", broken: "bad", absent: "waits" }[row.state]) }, { name: "why", draw: (row) => row.why }], leaves, "Proofs")];
}

function fateView(sheet, signal) {
  const now = Date.now();
  const leaves = sheet.trail.leaves;
  const [origin, size, root] = (sheet.trail.checkpoint ?? "").split("\n");
  return [
    panel("Until when copies live at Google", sheet.clocks.length ? table([
      { name: "copy", draw: (row) => row.copy }, { name: "there at least until", draw: (row) => (row.earliest ? [moment(row.earliest), h("span.mute", null, ` ${distance(row.earliest, now)}`)] : "–") },
      { name: "gone by", draw: (row) => (row.latest ? [moment(row.latest), h("span.mute", null, ` ${distance(row.latest, now)}`)] : h("span.mute", null, "not known")) },
      { name: "rests on", draw: (row) => [row.evidence, row.disposal ? `, ${row.disposal}` : "", row.basis.length ? h("span.mute", null, ` ${row.basis.join("; ")}`) : null] }], sheet.clocks, "Copies") : nothing("No copy at Google is known.")),
    panel("What was decided or done", sheet.acts.length ? table([
      { name: "when", draw: (row) => moment(row.seen_at) }, { name: "what", draw: (row) => chip(row.kind) }, { name: "by", draw: (row) => row.actor ?? "" }, { name: "what was done", draw: (row) => [row.detail, reasonOf(row.data)] }], sheet.acts.slice().reverse(), "Acts") : nothing("Nothing yet: no hold, no disposal, no reading."),
      session.may("hold") || session.may("erase") ? h("div.actions", null, session.may("hold") ? h("a.button", { href: href("retention", { hold: sheet.interaction.interaction }) }, "Hold…") : null,
        session.may("erase") ? h("a.button", { href: href("retention", { erase: sheet.interaction.interaction }) }, "Erase our copy…") : null) : null),
    panel("Trail", sheet.trail.checkpoint ? [
      h("p", null, `Each exchange is a leaf of a signed Merkle log; the newest checkpoint covers ${count(Number(size))} leaves. The leaf of an exchange holds the digest of its sealed manifest:`),
      table([{ name: "exchange", draw: (row) => h("span.id", null, row.exchange) }, { name: "SHA-256 of its manifest, base64", draw: (row) => h("code", null, row.manifest) }], leaves, "Leaves"),
      h("p", null, h("span.mute", null, "log "), h("code", null, origin), h("span.mute", null, "  root "), h("code", null, root)),
      proofView(sheet, signal),
      h("p", null, "Check all of it without believing us: ", h("code", null, "interactions-proxy verify"), " ", copyButton(sheet.trail.checkpoint, "Copy checkpoint"))] : nothing("No checkpoint was signed yet.")),
  ];
}
