// Clean addresses: a page is a path below /console/, its state the query. Back and forward work, links can be shared.

const BASE = "/console/";
const routes = [];
let outlet = null;
let leave = null;
let changed = () => {};

/** route("interactions/:id", page). page(outlet, {params, query, signal}) draws; it may return a function to leave by. */
export function route(pattern, page, about = {}) {
  const names = [];
  const source = pattern.replace(/:(\w+)/g, (_, name) => { names.push(name); return "([^/]+)"; });
  routes.push({ match: new RegExp(`^${source}/?$`), names, page, about });
}

export const href = (path, query) => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") search.set(name, value);
  }
  return BASE + path + (search.size ? `?${search}` : "");
};

export function navigate(path, query) {
  history.pushState(null, "", href(path, query));
  draw();
}

/** Change the query of this page without drawing it anew. */
export function keepQuery(query) {
  history.replaceState(null, "", href(here(), query));
}

/** What was written in an address; one that is written wrongly stays as it is. */
const read = (decode, text) => { try { return decode(text); } catch { return text; } };

export const here = () => read(decodeURI, location.pathname).startsWith(BASE) ? location.pathname.slice(BASE.length) : "";
export const query = () => Object.fromEntries(new URLSearchParams(location.search));

/** Begin; `onChange(about)` is called for each page. */
export function begin(element, onChange) {
  outlet = element;
  changed = onChange;
  addEventListener("popstate", draw);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith(BASE) || link.target || link.download) return;
    event.preventDefault();
    history.pushState(null, "", url.pathname + url.search);
    draw();
  });
  draw();
}

export function draw() {
  leave?.();
  const control = new AbortController();
  const path = here() || "live";
  let drawn;
  outlet.replaceChildren();
  for (const { match, names, page, about } of routes) {
    const found = match.exec(path);
    if (!found) continue;
    const params = Object.fromEntries(names.map((name, place) => [name, read(decodeURIComponent, found[place + 1])]));
    changed({ ...about, path });
    drawn = page(outlet, { params, query: query(), signal: control.signal });
    leave = () => { control.abort(); if (typeof drawn === "function") drawn(); };
    scrollTo(0, 0);
    return;
  }
  changed({ title: "Nothing here", path });
  leave = null;
  outlet.append("There is no page of this address.");
}
