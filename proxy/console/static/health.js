// Health: is everything recorded, how far behind is it, how much room is there, what does Google send that is new.

import { ask } from "./api.js";
import { h, put } from "./dom.js";
import { bytes, compact, count, counted, distance, duration, moment, percent } from "./format.js";
import { badge, note, nothing, panel, table, waiting } from "./parts.js";
import { href } from "./router.js";

const EACH_MS = 5000;
const SLOW_EACH = 6;
const FOLDERS = { tables: "tables", vault: "vault", journal: "journal", keys: "keys", trail: "trail", run: "copies and sockets" };

export function healthPage(outlet, { signal }) {
  const verdict = h("div", { "aria-live": "polite" }), workers = h("div"), recorder = h("div"), room = h("div"), gaps = h("div"), drift = h("div"), acts = h("div");
  put(outlet, h("div.head", null, h("h1", null, "Health")), verdict, workers, h("div.grid2.health-grid", null, recorder, room), gaps, drift, acts);
  put(verdict, waiting());
  let timer = 0, turn = 0;

  const look = async () => {
    try {
      const told = await ask("/v1/health", { signal });
      put(verdict, told.problems.length
        ? h("div.verdict", { "data-tone": told.is_strict ? "waits" : "bad" }, h("b", null, told.is_strict ? "Recording is strict, and not all is well" : "Recording is not strict"), h("ul.dots", null, told.problems.map((each) => h("li", null, each))))
        : h("div.verdict", { "data-tone": "good" }, h("b", null, "Everything that passes is recorded"), h("p", null, "An exchange is forwarded once its record is durable, and held back if it cannot be.")));
      put(workers, workersPanel(told.workers));
      put(recorder, recorderPanel(told));
      if (turn % SLOW_EACH === 0) {
        const standing = await ask("/v1/standing", { signal });
        put(room, roomPanel(standing, told));
        put(gaps, gapsPanel(standing, turn === 0 || standing.gaps.day.gap_count ? await rows("gaps", signal) : []));
        if (turn === 0) {
          put(drift, driftPanel(await rows("drift", signal)));
          put(acts, actsPanel(await rows("acts_latest", signal, { limit: 40 })));
        }
      }
      turn += 1;
    } catch (error) { if (!signal.aborted) put(verdict, note(error.message, "bad")); }
    if (!signal.aborted) timer = setTimeout(look, EACH_MS);
  };
  look();
  return () => clearTimeout(timer);
}

const rows = async (name, signal, query) => (await ask(`/v1/queries/${name}`, { query, signal })).rows;

const workersPanel = (all) => panel("Gateway workers", all.length ? table([
  { name: "worker", number: true, draw: (one) => one.worker }, { name: "mode", draw: (one) => badge(one.mode, one.mode === "strict" ? "good" : "bad") },
  { name: "room", draw: (one) => badge(one.space, one.space === "ample" ? "good" : "bad") }, { name: "journal", draw: (one) => (one.is_journal_down ? badge("takes nothing", "bad") : badge("takes all", "good")) },
  { name: "in flight", number: true, draw: (one) => count(one.in_flight) }, { name: "connections", number: true, draw: (one) => count(one.connections) }, { name: "seen", number: true, draw: (one) => count(one.seen) }, { name: "recorded", number: true, draw: (one) => count(one.recorded) },
  { name: "refused", number: true, draw: (one) => count(one.refused) }, { name: "shed", number: true, draw: (one) => count(one.shed) }, { name: "loop lag", number: true, draw: (one) => duration(one.loop_lag_ns) },
  { name: "journal size", number: true, draw: (one) => bytes(one.journal_bytes) }, { name: "disk free", number: true, draw: (one) => bytes(one.free_bytes) }, { name: "process", number: true, draw: (one) => one.pid }], all, "Gateway workers")
  : nothing("No gateway worker lives: nothing passes."));

const stat = (name, value, below, tone) => h("div.stat", { "data-tone": tone }, h("span.mute", null, name), h("b.num", null, value), h("span.mute", null, below));

function recorderPanel(told) {
  const one = told.recorder;
  const backlog = told.workers.reduce((sum, each) => sum + Math.max(0, each.seen - each.recorded), 0);
  return panel("Recorder", h("div.stats", null,
    stat("lag", duration((one.lag_s ?? 0) * 1e9), "behind the journals", one.lag_s > 5 ? "bad" : null), stat("backlog", count(one.queued_count), "exchanges that the tables wait for", one.queued_count > 1000 ? "waits" : null),
    stat("under way", count(one.open_count), "exchanges not ended"), stat("recorded", compact(one.exchange_count), "since it started"), stat("not durable", count(backlog), "seen and not in a journal yet", backlog ? "waits" : null), stat("in memory", bytes(one.held_bytes), "of open exchanges")),
  one.problem ? note(`The tables do not follow the vault: ${one.problem}`, "bad") : null,
  h("p.mute.small.num", null, `vault at ${one.vault?.file ?? "–"}:${count(one.vault?.offset)} · tables at ${one.tables?.file ?? "–"}:${count(one.tables?.offset)} · refusals by browsers ${count(told.policy_reports)}`));
}

function roomPanel(standing) {
  const { sizes, disk, steward, trail } = standing;
  const most = Math.max(1, ...Object.values(sizes).map((each) => each.bytes));
  const used = 1 - disk.free_bytes / Math.max(1, disk.total_bytes);
  const checkpoint = trail.checkpoint;
  return [panel("Room", h("div.hbars", null, Object.entries(FOLDERS).map(([name, text]) => h("div.hbar", null, h("span.hname", { title: counted(sizes[name].file_count, "file") }, text), h("span.htrack", null, h("i", { style: { width: `${Math.max(0.4, (sizes[name].bytes / most) * 100)}%` } })), h("span.num", null, bytes(sizes[name].bytes))))),
    h("p.mute", null, `Disk: ${bytes(disk.free_bytes)} free of ${bytes(disk.total_bytes)}, ${percent(used)} in use`)),
  panel("Beside the recorder", h("ul.lines", null,
    h("li", null, h("b", null, "Steward"), steward ? badge(steward.cares ? "cares for what clients leave" : "cares for nothing", steward.cares ? "good" : "plain") : badge("none: nobody deletes at Google by policy", "plain"), steward ? h("span.mute", null, distance(steward.told_at)) : null),
    h("li", null, h("b", null, "Trail"), trail.state?.problem ? badge(trail.state.problem, "bad") : checkpoint ? badge(`${count(checkpoint.size)} leaves signed`, "good") : badge("nothing signed yet", "plain"), checkpoint ? h("span.mute", null, distance(checkpoint.signed_at ?? checkpoint.written_at)) : null, h("a", { href: href("audit", { tab: "trail" }) }, "more"))))];
}

const gapsPanel = (standing, found) => panel("Gaps: what passed unrecorded",
  h("div.stats", null, stat("last hour", count(standing.gaps.hour.exchange_count), counted(standing.gaps.hour.gap_count, "gap"), standing.gaps.hour.gap_count ? "bad" : null), stat("last day", count(standing.gaps.day.exchange_count), counted(standing.gaps.day.gap_count, "gap"), standing.gaps.day.gap_count ? "bad" : null), stat("last 30 days", count(found.reduce((sum, row) => sum + (row.exchange_count ?? 0), 0)), counted(found.length, "gap"))),
  found.length ? table([{ name: "known since", draw: (row) => moment(row.seen_at) }, { name: "exchanges", number: true, draw: (row) => count(row.exchange_count) }, { name: "bytes", number: true, draw: (row) => bytes(row.body_bytes) }, { name: "from", draw: (row) => moment(row.first_at) }, { name: "to", draw: (row) => moment(row.last_at) }, { name: "worker", number: true, draw: (row) => row.worker }, { name: "why", draw: (row) => row.reason }], found.slice(0, 100), "Gaps") : nothing("None. Nothing passed unrecorded."));

const driftPanel = (found) => panel("Drift: what Google sent that this release has no name for", found.length ? table([
  { name: "kind", draw: (row) => row.kind }, { name: "name", draw: (row) => h("code", null, row.name) }, { name: "where", draw: (row) => h("code", null, row.place) }, { name: "times", number: true, draw: (row) => count(row.times) }, { name: "first", draw: (row) => moment(row.first_at) }, { name: "last", draw: (row) => moment(row.last_at) }], found.slice(0, 200), "Drift")
  : nothing("Nothing. All that came has a name here; what would not is kept raw all the same."));

const actsPanel = (found) => panel("What happened to the recording", found.length ? table([
  { name: "when", draw: (row) => moment(row.seen_at) }, { name: "what", draw: (row) => badge(row.kind, row.kind === "damage" ? "bad" : "plain") }, { name: "by", draw: (row) => row.actor ?? "" }, { name: "", draw: (row) => row.detail }], found, "Acts") : nothing("Nothing lately."));
