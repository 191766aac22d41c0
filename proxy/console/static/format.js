// Numbers and instants as people read them. Pure; every function takes null and gives "–".

const NONE = "–";
const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const pad = (number, size = 2) => String(number).padStart(size, "0");

export const count = (value) => (value === null || value === undefined ? NONE : whole.format(value));
export const compact = (value) => (value === null || value === undefined ? NONE : short.format(value));

/** "1 step", "2 steps". */
export const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

export function bytes(value) {
  if (value === null || value === undefined) return NONE;
  const units = ["B", "KB", "MB", "GB"];
  let size = value, unit = 0;
  while (size >= 1000 && unit < 3) { size /= 1000; unit += 1; }
  return `${size >= 10 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

export function duration(ns) {
  if (ns === null || ns === undefined) return NONE;
  const ms = ns / 1e6;
  if (ms === 0) return "0";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} min`;
  return `${(seconds / 86_400).toFixed(1)} d`;
}

/** 10^-12 US dollars. `complete` false: it is at least so much. */
export function usd(pico, complete = true) {
  if (pico === null || pico === undefined) return NONE;
  const value = Number(pico) / 1e12;
  const digits = value === 0 ? 2 : value < 0.01 ? 6 : value < 1 ? 4 : 2;
  return `${complete ? "" : "≥ "}$${value.toFixed(digits)}`;
}

export const percent = (share) => (share === null || share === undefined ? NONE : `${Math.round(share * 100)} %`);

/** Microseconds since 1970 of an ISO instant. */
export function micros(iso) {
  if (!iso) return null;
  const [head, rest = ""] = String(iso).replace(/Z$/, "").split(".");
  return Date.parse(`${head}Z`) * 1000 + Number(rest.padEnd(6, "0").slice(0, 6) || 0);
}

export function clock(iso) {
  if (!iso) return NONE;
  const at = new Date(iso);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

export function moment(iso) {
  if (!iso) return NONE;
  const at = new Date(iso);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock(iso)}`;
}

/** "in 54 d", "3 min ago". */
export function distance(iso, now = Date.now()) {
  if (!iso) return NONE;
  const ms = Date.parse(iso) - now;
  const told = duration(Math.abs(ms) * 1e6);
  return ms >= 0 ? `in ${told}` : `${told} ago`;
}

/** An id by its beginning and its end: the first half of all in a conversation is the same. */
export function shortId(id, size = 18) {
  if (!id || id.length <= size) return id ?? NONE;
  return `${id.slice(0, 6)}…${id.slice(-(size - 7))}`;
}
