// What this tab remembers: the token, the reason for opening content, the colours. No cookies.

const store = (kind) => { try { return window[kind]; } catch { return null; } };
const held = new Map();

function get(kind, name) {
  try { return store(kind).getItem(name) ?? held.get(name) ?? ""; } catch { return held.get(name) ?? ""; }
}
function set(kind, name, value) {
  held.set(name, value);
  try { value ? store(kind).setItem(name, value) : store(kind).removeItem(name); } catch { /* this tab alone */ }
}

export const session = {
  get token() { return get("sessionStorage", "ixp.token"); },
  set token(value) { set("sessionStorage", "ixp.token", value); },
  /** Why content is opened, in the reader's words; empty: it stays closed. */
  get reason() { return get("sessionStorage", "ixp.reason"); },
  set reason(value) { set("sessionStorage", "ixp.reason", value); },
  get theme() { return get("localStorage", "ixp.theme"); },
  set theme(value) { set("localStorage", "ixp.theme", value); },
  /** {name, role, rights, version} once signed in. */
  me: null,
  may(right) { return Boolean(this.me?.rights.includes(right)); },
};

/** A token behind # is taken out of the address at once: it never reaches a server's path or the history. */
export function takeToken() {
  const found = /^#token=(ixp_[\w-]+)$/.exec(location.hash);
  if (!found) return;
  session.token = found[1];
  history.replaceState(history.state, "", location.pathname + location.search);
}

export function applyTheme() {
  document.documentElement.dataset.theme = session.theme || "auto";
}
