// Retention: what expires when and where, holds, erasing with plan, confirmation and receipt.

import { ask, part } from "./api.js";
import { h, put } from "./dom.js";
import { count, counted, distance, duration, moment } from "./format.js";
import { badge, chip, copyButton, dialog, facts, interactionLink, json, note, nothing, paged, panel, table, waiting } from "./parts.js";
import { href, keepQuery } from "./router.js";
import { virtualList } from "./rows.js";
import { session } from "./session.js";

const LANES = {
  may_expire: { short: "may go", text: "may expire at Google from this day on", where: "google", tone: "plain" },
  gone_by: { short: "gone", text: "are gone from Google by this day", where: "google", tone: "good" },
  due: { short: "delete", text: "are to be deleted at Google on this day", where: "google", tone: "waits" },
  here: { short: "erase", text: "are to be erased here on this day", where: "here", tone: "busy" },
};
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY_MS = 86_400_000;
const SHOWN = 20;
const PAGE = 50;
const PAGED = ["holds", "released", "erasures", "receipts"];

export function retentionPage(outlet, { query, signal }) {
  const state = { lane: LANES[query.lane] ? query.lane : "", day: /^\d{4}-\d\d-\d\d$/.test(query.day ?? "") ? query.day : "", where: query.where ?? "",
    ...Object.fromEntries(PAGED.map((name) => [name, /^\d{1,6}$/.test(query[name] ?? "") ? query[name] : ""])) };
  const top = h("div.stats"), calendar = h("div"), behind = h("div", { "aria-live": "polite" }), holds = h("div"), receipts = h("div"), policies = h("div");
  put(outlet, h("div.head", null, h("h1", null, "Retention"), h("div.tools", null,
    session.may("hold") ? h("button", { type: "button", onclick: () => placeHold("", reload) }, "Place a hold…") : null,
    session.may("erase") ? h("button.bad", { type: "button", onclick: () => erase({}, reload) }, "Erase…") : null)),
  h("p.lead", null, "When copies end, at Google and here. Days are UTC."), top, calendar, behind, holds, receipts, policies);
  put(calendar, waiting());
  let told = null, list = null;

  const keep = () => keepQuery(Object.fromEntries(Object.entries(state).filter(([, value]) => value)));
  const look = (lane, day) => { Object.assign(state, { lane, day }); keep(); drawCalendar(); drawBehind(true); };
  const drawCalendar = () => put(calendar, calendarPanel(told, state, look, (where) => { state.where = where; keep(); drawCalendar(); }));

  const drawBehind = async (isAsked) => {
    list?.close();
    put(behind);
    const lane = LANES[state.lane];
    if (!lane || !state.day) return;
    const title = `${dayText(state.day, told)}: copies that ${lane.text}`;
    const close = h("button.quiet.small", { type: "button", onclick: () => look("", "") }, "Close");
    if (state.lane === "here") {
      const found = within(told.here, state.day, told);
      const names = {};
      for (const each of found) for (const [name, number] of Object.entries(each.policies)) names[name] = (names[name] ?? 0) + number;
      put(behind, panel(title, table([{ name: "policy", draw: (row) => row[0] }, { name: "copies", number: true, draw: (row) => count(row[1]) }], Object.entries(names), "Copies by policy"), h("p.mute", null, "Holds keep what they protect beyond this day. ", close)));
    } else {
      const [since, until] = spanOf(state.day, told);
      const total = within(told.lanes[state.lane], state.day, told).reduce((sum, each) => sum + each.count, 0);
      list = virtualList({ total, height: () => (innerWidth < 720 ? 84 : 44), label: title,
        fetch: async (offset, limit) => (await ask("/v1/retention/copies", { query: { lane: state.lane, since, until, offset, limit }, signal })).rows, draw: copyRow });
      put(behind, panel(title, h("p.mute", null, counted(total, "interaction"), " ", close), list.element));
    }
    if (isAsked) behind.scrollIntoView({ block: "nearest" });
  };

  /** Options of a pager whose place stands in the address. */
  const pages = (name, path, read, query = {}) => ({ size: PAGE, offset: Number(state[name]) || 0, onMove: (to) => { state[name] = to || ""; keep(); },
    fetch: async (offset, limit) => read(await ask(path, { query: { ...query, offset, limit }, signal })) });

  const reload = async () => {
    try {
      told = await ask("/v1/retention", { signal });
      drawTop(top, told);
      drawCalendar();
      drawBehind(false);
      put(holds, holdsPanel(told, reload, pages));
      put(policies, policiesPanel(told));
      put(receipts, receiptsPanels(pages));
    } catch (error) { if (!signal.aborted) put(calendar, note(error.message, "bad")); }
  };
  reload();
  keep(); // a dialog that the address asked for opens once
  if (query.erase && session.may("erase")) erase({ id: query.erase }, reload);
  if (query.hold && session.may("hold")) placeHold(query.hold, reload);
  return () => list?.close();
}

function drawTop(element, told) {
  const now = told.stand;
  const one = (name, value, below, kind) => h("div.stat", { "data-tone": kind }, h("span.mute", null, name), h("b.num", null, count(value)), h("span.mute", null, below));
  put(element,
    one("at Google", now.upstream_count, `of ${counted(now.interaction_count, "interaction")}`),
    one("overdue", now.overdue_count, "deletions that are late", now.overdue_count ? "bad" : null),
    one("scheduled", now.scheduled_count, "deletions to come"),
    one("need a person", now.person_count, "denied, rejected, without effect", now.person_count ? "bad" : null),
    one("overstaying", now.overstay_count, "served after their time", now.overstay_count ? "bad" : null),
    one("holds", now.hold_count, "in force"),
    one("erased here", now.erased_count, "keys destroyed"),
    one("deleted there", now.deleted_count, "by clients and by policy"));
}

// ---- the calendar

const iso = (ms) => new Date(ms).toISOString().slice(0, 10);
const at = (day) => Date.parse(`${day}T00:00:00Z`);
const dayText = (day, told) => (day < told.since ? `Before ${told.since}` : day > told.until ? `After ${told.until}` : day);
const within = (rows, day, told) => rows.filter((each) => (day < told.since ? each.day < told.since : day > told.until ? each.day > told.until : each.day === day));
const spanOf = (day, told) => (day < told.since ? ["1970-01-01", told.since] : day > told.until ? [iso(at(told.until) + DAY_MS), "2200-01-01"] : [day, iso(at(day) + DAY_MS)]);

function calendarPanel(told, state, look, choose) {
  const rowsOf = (lane) => (lane === "here" ? told.here : told.lanes[lane]);
  const lanes = Object.keys(LANES).filter((lane) => !state.where || LANES[lane].where === state.where);
  const sum = (lane, day) => within(rowsOf(lane), day, told).reduce((all, each) => all + each.count, 0);
  const most = Object.fromEntries(lanes.map((lane) => [lane, Math.max(1, ...rowsOf(lane).map((each) => each.count))]));
  const today = told.now.slice(0, 10);
  const mark = (lane, day) => {
    const number = sum(lane, day);
    if (!number) return null;
    const { short, text, tone } = LANES[lane];
    const isLate = lane === "due" && day < today;
    return h("button.cal-mark", { type: "button", "data-tone": isLate ? "bad" : tone, "data-lane": lane, "aria-pressed": String(state.lane === lane && state.day === day), onclick: () => look(lane, day),
      style: { "--share": `${Math.round(25 + 75 * (number / most[lane]))}%` }, "aria-label": `${dayText(day, told)}: ${count(number)} copies ${text}${isLate ? ", which is overdue" : ""}` },
    h("i", { "aria-hidden": "true" }), h("b.num", null, count(number)), h("span", null, isLate ? "late" : short));
  };
  const first = at(told.since) - ((new Date(at(told.since)).getUTCDay() + 6) % 7) * DAY_MS;
  const weeks = [];
  for (let week = first; week <= at(told.until); week += 7 * DAY_MS) weeks.push(week);
  const cell = (ms) => {
    const day = iso(ms);
    if (day < told.since || day > told.until) return h("td.cal-out");
    const isFirst = day.endsWith("-01") || ms === at(told.since);
    return h("td", { class: day === today ? "cal-today" : day < today ? "cal-past" : null },
      h("span.cal-date.num", null, isFirst ? new Date(ms).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" }) : String(new Date(ms).getUTCDate()), day === today ? h("span", null, " today") : null),
      lanes.map((lane) => mark(lane, day)));
  };
  const edge = (name, day) => {
    const marks = lanes.map((lane) => mark(lane, day)).filter(Boolean);
    return marks.length ? h("div.cal-edge", null, h("span.mute", null, name), marks) : null;
  };
  const where = (value, text) => h("button.quiet.small", { type: "button", "aria-pressed": String(state.where === value), onclick: () => choose(value) }, text);
  const isEmpty = lanes.every((lane) => !rowsOf(lane).length);
  return panel("Calendar",
    h("div.cal-head", null, h("div.tools", { role: "group", "aria-label": "Where" }, where("", "Both"), where("google", "Copies at Google"), where("here", "Copies here")),
      h("div.legend", null, lanes.map((lane) => h("span", { "data-tone": LANES[lane].tone }, h("i.cal-dot", { "aria-hidden": "true" }), h("b", null, LANES[lane].short), ` ${LANES[lane].text}`)))),
    edge(`before ${told.since}`, iso(at(told.since) - DAY_MS)),
    isEmpty ? nothing(state.where === "here" ? "No policy erases anything here: our copies stay until somebody erases them." : "Nothing that is recorded expires.") :
      h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Calendar" }, h("table.cal", null,
        h("thead", null, h("tr", null, WEEKDAYS.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", null, weeks.map((week) => h("tr", null, [0, 1, 2, 3, 4, 5, 6].map((place) => cell(week + place * DAY_MS))))))),
    edge(`after ${told.until}`, iso(at(told.until) + DAY_MS)),
    told.policies_problem ? note(`Days of erasures here are not known: ${told.policies_problem}`, "bad") : null);
}

const copyRow = (one) => h("div.row.copy-row", null,
  one.state ? badge(one.state.replaceAll("_", " "), one.needs_person ? "bad" : one.state === "scheduled" ? "waits" : "busy") : badge("as Google keeps it", "plain"),
  interactionLink(one.interaction, 24),
  h("span.flags", null, one.is_held ? chip("held", "a hold protects it") : null, one.flags ? chip(one.flags.replace(/[[\]"]/g, "").replaceAll("_", " ")) : null, one.store === "true" ? chip("stored by wish") : null),
  h("span.mute.num", null, `began ${moment(one.began_at)}`), h("span.num", null, distance(one.happens_at)));

// ---- holds

function holdsPanel(told, reload, pages) {
  const hasEnded = told.holds.some((one) => one.released_at), rowsOf = (found) => found.rows;
  const columns = [
    { name: "hold", draw: (one) => h("span.id", { title: one.hold }, one.hold.slice(0, 10)) },
    { name: "what", draw: (one) => [one.is_conversation ? "conversation of " : null, interactionLink(one.interaction, 24), one.is_conversation ? null : h("span.mute", null, " and all before it")] },
    { name: "reason", draw: (one) => one.reason }, { name: "by", draw: (one) => one.actor }, { name: "since", draw: (one) => moment(one.placed_at) }];
  return [panel("Holds",
    told.stand.hold_count ? paged({ ...pages("holds", "/v1/holds", rowsOf), draw: (rows) => table([...columns, { name: "", draw: (one) => (session.may("hold") ? h("button.quiet.small", { type: "button", "aria-label": `Release hold ${one.hold.slice(0, 10)}`, onclick: () => releaseHold(one, told, reload) }, "Release…") : null) }], rows, "Holds in force") })
      : nothing("No hold is in force: nothing is protected from erasure."),
    told.deferred.length ? [h("h3.quiet-title", null, "Waits until its holds end"), table([
      { name: "interaction", draw: (row) => interactionLink(row.interaction, 24) }, { name: "erasure", draw: (row) => h("span.id", { title: row.erasure }, row.erasure.slice(0, 10)) }, { name: "reason", draw: (row) => row.reason }, { name: "by", draw: (row) => row.actor }], told.deferred.slice(0, 100), "Deferred erasures")] : null,
    hasEnded ? h("details", null, h("summary", null, "Holds that were released"), paged({ ...pages("released", "/v1/holds", rowsOf, { released: "true" }), draw: (rows) => table([...columns, { name: "released", draw: (one) => [moment(one.released_at), h("span.mute", null, ` by ${one.released_by ?? "–"}`)] }], rows, "Holds released") })) : null,
    h("p.mute", null, "A hold keeps our copy. Google's own copy expires in spite of it: export it if it must outlive that."))];
}

const field = (name, label, more = {}) => [h("label", { for: name }, label), h("input", { id: name, name, autocomplete: "off", spellcheck: "false", ...more })];
const reasonField = () => field("why", "Reason (written into the trail)", { required: true, minlength: "3", maxlength: "200", placeholder: "ticket 4711, data subject request" });

async function placeHold(id, reload) {
  const given = await dialog("Place a hold", h("div", null,
    h("p", null, "Nobody can erase it, or any turn before it, until every hold on it is released."),
    field("target", "Interaction (id or its beginning)", { required: true, value: id, autofocus: true }),
    h("label.check", null, h("input", { type: "checkbox", name: "conversation" }), " all turns of its conversation, later ones too"), reasonField()),
  { action: "Place hold", read: (form) => ({ id: form.target.value.trim(), conversation: form.conversation.checked, reason: form.why.value.trim() }) });
  if (!given) return;
  await act("/v1/holds", { id: given.id, conversation: given.conversation }, given.reason, "The hold", (found) => h("div", null,
    note(`Hold ${found.hold.slice(0, 10)} is in force.`), h("p", null, "On ", interactionLink(found.interaction, 30)), note(found.warning, "waits")), reload);
}

async function releaseHold(one, told, reload) {
  const given = await dialog("Release a hold", h("div", null,
    h("p", null, "Placed ", moment(one.placed_at), ` by ${one.actor}: ${one.reason}`),
    told.deferred.length ? note(`${counted(told.deferred.length, "interaction")} wait to be erased until holds end. What no other hold protects is erased at once, and cannot be had back.`, "bad") : null, reasonField()),
  { action: "Release", read: (form) => form.why.value.trim() });
  if (!given) return;
  await act(`/v1/holds/${part(one.hold)}/release`, {}, given, "The release", (found) => h("div", null,
    note(`Hold ${found.hold.slice(0, 10)} is released.`), found.erasures.map((each) => outcome(each))), reload);
}

// ---- erasing: plan, confirm, receipt

async function erase(wish, reload) {
  const canSearch = session.may("content");
  const given = await dialog("Erase our copy: what?", h("div", null,
    h("p", null, "First a plan: nothing is erased before you have seen it."),
    h("label", { for: "by" }, "Found by"), h("select", { id: "by", name: "by" }, h("option", { value: "id" }, "interaction"), h("option", { value: "label" }, "label key=value"), canSearch ? h("option", { value: "pointer" }, "JSON pointer=value") : null),
    field("what", "Which", { required: true, value: wish.id ?? "", placeholder: "v1_…, user=alice, /labels/user=alice", autofocus: true }),
    h("label", { for: "reach" }, "Reach"), h("select", { id: "reach", name: "reach" }, h("option", { value: "node" }, "this alone"), h("option", { value: "subtree" }, "and all later turns"), h("option", { value: "conversation" }, "the whole conversation")),
    h("label.check", null, h("input", { type: "checkbox", name: "quoted" }), " also what others repeat of it"), reasonField()),
  { action: "Show the plan", read: (form) => ({ by: form.by.value, what: form.what.value.trim(), reach: form.reach.value, quoted: form.quoted.checked, reason: form.why.value.trim() }) });
  if (!given) return;
  const body = { reach: given.reach, quoted: given.quoted };
  if (given.by === "pointer") { const cut = given.what.indexOf("="); Object.assign(body, { pointer: given.what.slice(0, cut), value: given.what.slice(cut + 1) }); } else body[given.by] = given.what;
  let planned;
  try { planned = await ask("/v1/erase/plan", { method: "POST", body, reason: given.reason }); } catch (error) { await say("No plan", note(error.message, "bad")); return; }
  const { counts } = planned.plan;
  const isAllHeld = !counts.exchanges && !counts.interactions;
  if (isAllHeld && !counts.kept && !counts.spared) { await say("Nothing to erase", planView(planned)); return; }
  const sure = await dialog("This cannot be undone", h("div", null, planView(planned),
    field("sure", "Type erase to destroy the keys", { required: true, pattern: "\\s*erase\\s*", autofocus: true })),
  { action: isAllHeld ? "Erase once the holds end" : `Erase ${counted(counts.interactions, "interaction")}`, read: () => true });
  if (!sure) return;
  await act("/v1/erase", { ...body, plan: planned.plan.digest }, given.reason, "The erasure", (found) => outcome(found), reload);
}

function planView(told) {
  const { plan } = told, { counts } = plan;
  const names = (rows, total) => [rows.slice(0, SHOWN).map((row) => h("li", null, row)), total > SHOWN ? h("li.mute", null, `and ${count(total - SHOWN)} more`) : null];
  const group = (title, rows, total, tone) => (total ? h("div.plan-group", { "data-tone": tone }, h("h3", null, title), h("ul", null, names(rows, total))) : null);
  return h("div.plan", null,
    h("p", null, h("b", null, counted(counts.interactions, "interaction")), " would go, by destroying the keys of ", h("b", null, counted(counts.exchanges, "exchange")), plan.is_partial ? ". It is partial: not all that was asked for may go." : "."),
    group("Goes", plan.interactions.map((id) => h("span.id", null, id)), counts.interactions),
    group("Stays: a hold protects it, or a policy", plan.kept.map((each) => [h("span.id", null, each.interaction), h("span.mute", null, ` ${each.holds.map((one) => one.includes(" ") ? one : `hold ${one.slice(0, 10)}`).join(", ")}`)]), counts.kept, "waits"),
    group("Stays: its exchange also holds something under a hold", plan.spared.map((each) => [h("span.id", null, each.exchange), ` ${each.interaction}`]), counts.spared, "waits"),
    group("Stays: later turns of the conversation", plan.left.map((id) => h("span.id", null, id)), counts.left),
    group("Stays: exchanges of others that repeat it", plan.quoted.map((each) => [h("span.id", null, each.exchange), ` ${each.interaction}`]), counts.quoted, "waits"),
    elsewhere(told.elsewhere));
}

const elsewhere = (places) => h("div.plan-group", null, h("h3", null, "Not reached by it"), h("ul.dots", null, places.map((place) => h("li", null, place))));

/** The receipt: what really went. */
function outcome(found) {
  const { counts } = found.plan;
  return h("div.plan.receipt", { "data-erasure": found.erasure },
    note(counts.exchanges ? `Erased ${counted(counts.interactions, "interaction")}: the keys of ${counted(counts.exchanges, "exchange")} are destroyed.` : "Nothing went now: what holds protect goes when the last of them ends."),
    facts([["erasure", h("span.id", null, found.erasure)], ["left to others", counts.quoted ? counted(counts.quoted, "exchange") : null], ["deferred by holds", found.deferred.length ? counted(found.deferred.length, "interaction") : null],
      ["tables", found.are_tables_rewritten ? "written anew" : "still being written anew"], ["copies swept", found.swept.length ? found.swept.join(", ") : null]]),
    elsewhere(found.elsewhere), copyButton(JSON.stringify(found, null, 2), "Copy receipt"));
}

async function act(path, body, reason, what, draw, reload) {
  const shown = h("div", { "aria-live": "polite" }, waiting("Under way…"));
  const closed = say(what, shown);
  try { put(shown, draw(await ask(path, { method: "POST", body, reason }))); } catch (error) { put(shown, note(error.message, "bad")); }
  reload();
  await closed;
}

const say = (title, content) => dialog(title, content, { action: "Close", cancel: false, read: () => true });

// ---- receipts, policies

function receiptsPanels(pages) {
  return [panel("Erased here", paged({ ...pages("erasures", "/v1/receipts", (found) => found.erasures), draw: (rows) => (rows.length ? table([
    { name: "when", draw: (row) => moment(row.begun_at) }, { name: "erasure", draw: (row) => h("span.id", { title: row.erasure }, row.erasure.slice(0, 10)) }, { name: "reason", draw: (row) => row.reason }, { name: "by", draw: (row) => row.actor },
    { name: "interactions", number: true, draw: (row) => count(row.interaction_count) }, { name: "exchanges", number: true, draw: (row) => count(row.exchange_count) }, { name: "held", number: true, draw: (row) => count(row.held_count) },
    { name: "keys gone", draw: (row) => (row.gone_at ? badge(moment(row.gone_at), "good") : badge(row.interaction_count ? "not yet" : "nothing went", "waits")) }], rows, "Erasures") : nothing("Nothing was erased here.")) })),
  panel("Signed receipts of deletions at Google", paged({ ...pages("receipts", "/v1/receipts", (found) => found.receipts), draw: (rows) => (rows.length ? table([
    { name: "made", draw: (row) => moment(row.made_at) }, { name: "interaction", draw: (row) => (row.interaction ? interactionLink(row.interaction, 24) : "–") },
    { name: "outcome", draw: (row) => badge((row.outcome ?? "unknown").replaceAll("_", " "), row.is_verified ? "good" : "waits") },
    { name: "left beside it", draw: (row) => (row.nothing_left ? "nothing" : h("span.lost", null, "something may be")) },
    { name: "", draw: (row) => h("button.quiet.small", { type: "button", onclick: () => showReceipt(row) }, "Show") }], rows, "Receipts")
    : nothing("No receipt yet. One is signed for each copy that the steward saw go.")) }))];
}

function showReceipt(row) {
  let told = row.data;
  try { told = JSON.parse(row.data); } catch { /* as it is */ }
  return say("Receipt", h("div", null, facts([["key (Ed25519)", h("code", null, row.key)], ["signature", h("code", null, row.signature)]]), h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Receipt as JSON" }, json(told, 3)),
    h("p.mute", null, "Check it without believing us: ", h("code", null, "interactions-proxy receipts --verify")), copyButton(row.data ?? "", "Copy")));
}

const spanText = (seconds) => (seconds === null ? null : duration(seconds * 1e9));

function policiesPanel(told) {
  if (!told.policies.length) return panel("Policies", nothing("No policy is set: retention.policies_file names a file of them."));
  const whom = (one) => [one.clients.length ? counted(one.clients.length, "client") : null, one.label_count ? counted(one.label_count, "label") : null, ...one.models, ...one.tools].filter(Boolean).join(", ") || "everything";
  return panel("Policies", table([{ name: "policy", draw: (one) => one.name }, { name: "for", draw: whom },
    { name: "deleted at Google after", draw: (one) => spanText(one.delete_upstream_after_s) ?? "–" }, { name: "erased here after", draw: (one) => spanText(one.erase_local_after_s) ?? "–" },
    { name: "kept here at least", draw: (one) => spanText(one.keep_local_s) ?? "–" }, { name: "stored", draw: (one) => (one.never_store ? badge("never", "waits") : "yes") }], told.policies, "Policies"),
  h("p.mute", null, "Look at what is overdue: ", h("a", { href: href("audit", { sql: "FROM audit.retention WHERE due_at < now() AND deleted_at IS NULL ORDER BY due_at" }) }, "in SQL"), "."));
}
