// The frame around every page: navigation, who asks, whether recording is strict, colours, sign-in.

import { ask, onSignedOut } from "./api.js";
import { h, put } from "./dom.js";
import { dialog } from "./parts.js";
import { begin, draw, href } from "./router.js";
import { applyTheme, session, takeToken } from "./session.js";

const HEALTH_EACH_MS = 5000;
const THEMES = ["auto", "light", "dark"];

const banner = h("div.banners", { "aria-live": "polite" });
const who = h("div.who");
const outlet = h("main", { id: "main", tabindex: "-1" });
let asking = null;

export async function start(entries) {
  applyTheme();
  takeToken();
  addEventListener("hashchange", () => { if (location.hash.startsWith("#token=")) { takeToken(); signIn(); } });
  const nav = h("nav", { "aria-label": "Pages" }, entries.map((each) => h("a", { href: href(each.path), "data-nav": each.id }, each.text)));
  put(document.getElementById("app"),
    h("a.skip", { href: "#main", onclick: (event) => { event.preventDefault(); outlet.focus(); } }, "Skip to the page"),
    h("header.frame", null, h("a.brand", { href: href("live") }, h("span.mark", { "aria-hidden": "true" }, h("i"), h("i"), h("i")), "Interactions Proxy"), nav, who),
    h("div.body", null, banner, outlet));
  onSignedOut(() => { session.token = ""; session.me = null; signIn("This token does not count here (any more)."); });
  addEventListener("keydown", shortcuts);
  await signIn();
  begin(outlet, ({ title, nav: current }) => {
    document.title = `${title} · Interactions Proxy`;
    for (const link of nav.children) {
      if (link.dataset.nav === current) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    }
  });
  watchHealth();
}

/** Ask for a token until one counts. */
async function signIn(said = "") {
  if (asking) return asking;
  asking = (async () => {
    let why = said;
    for (;;) {
      if (!session.token) session.token = await tokenDialog(why);
      try {
        session.me = await me();
        break;
      } catch (error) {
        why = error.status === 401 ? "No such token." : error.message;
        session.token = "";
      }
    }
    drawWho();
  })();
  try { await asking; } finally { asking = null; }
  if (said) draw();
}

async function me() {
  const answer = await fetch("/v1/me", { headers: { Authorization: `Bearer ${session.token}` }, cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw Object.assign(new Error(`the proxy answered ${answer.status}`), { status: answer.status });
  return answer.json();
}

function tokenDialog(why) {
  const input = h("input", { name: "token", type: "password", required: true, autocomplete: "off", spellcheck: "false", placeholder: "ixp_…", id: "token", autofocus: true });
  return dialog("Sign in", h("div", null,
    why ? h("p.note", { "data-tone": "bad", role: "alert" }, why) : null,
    h("label", { for: "token" }, "Token"), input,
    h("p.hint", null, "On the machine of the proxy, its owner's token opens by itself: ", h("code", null, "interactions-proxy console"), " prints an address. For others: ",
      h("code", null, "interactions-proxy token add NAME --role viewer"), ". It is kept in this tab only.")),
  { action: "Sign in", cancel: false, read: () => input.value.trim() });
}

function drawWho() {
  const theme = h("button.quiet.small", { type: "button", onclick: () => {
    session.theme = THEMES[(THEMES.indexOf(session.theme || "auto") + 1) % THEMES.length];
    applyTheme();
    drawWho();
    who.querySelector("[data-theme-button]")?.focus();
  }, "data-theme-button": true, "aria-label": `Colours: ${session.theme || "auto"}` }, { auto: "◐ auto", light: "○ light", dark: "● dark" }[session.theme || "auto"]);
  put(who,
    session.reason ? h("button.small.reason", { type: "button", title: "Content is open for this reason. Click to close it.", onclick: () => { session.reason = ""; drawWho(); draw(); } },
      "content open: ", h("b", null, session.reason), " ×") : null,
    h("span.role", { title: `Signed in as ${session.me.name}` }, session.me.name, " · ", h("b", null, session.me.role)),
    theme,
    h("button.quiet.small", { type: "button", onclick: () => { session.token = ""; session.reason = ""; location.assign(href("live")); } }, "Sign out"));
}

/**
 * The reason for opening content: the one of this tab, or asked for. null: the reader gave none.
 * Who may not open content is never asked.
 */
export async function reasonFor(what) {
  if (session.reason) return session.reason;
  const input = h("input", { name: "reason", id: "reason", required: true, minlength: "3", maxlength: "200", placeholder: "ticket 4711, data subject request", autocomplete: "off", autofocus: true });
  const given = await dialog(`Open ${what}`, h("div", null,
    h("p", null, "Who opened what, and why, is written into the trail before anything is shown."),
    h("label", { for: "reason" }, "Reason"), input,
    h("label.check", null, h("input", { type: "checkbox", name: "keep", value: "yes", checked: true }), " Use it in this tab until I close it")),
  { action: "Open", read: (form) => ({ reason: input.value.trim(), keep: form.keep.checked }) });
  if (!given) return null;
  if (given.keep) { session.reason = given.reason; drawWho(); }
  return given.reason;
}

async function watchHealth() {
  try {
    if (!document.hidden && session.token) {
      const told = await ask("/v1/health");
      put(banner, told.problems.length ? h("div.banner", { role: "status" }, h("b", null, told.is_strict ? "Not all is well: " : "Recording is not strict: "), told.problems.join(" · ")) : null);
    }
  } catch (error) {
    if (error.status === 0) put(banner, h("div.banner", { role: "status" }, error.message));
  }
  setTimeout(watchHealth, HEALTH_EACH_MS);
}

function shortcuts(event) {
  if (event.target.closest?.("input, select, textarea, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key !== "/") return;
  const field = outlet.querySelector("input[type=search]");
  if (field) { event.preventDefault(); field.focus(); }
}
