// That exchanges stand in the signed log, computed here: SHA-256 and Ed25519 of this browser, not the proxy's word.

const LINE = /^\u2014 (\S+) (\S+)$/;
const bytesOf = (base64) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
const textOf = (bytes) => new TextDecoder().decode(bytes);
const joined = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) { whole.set(one, at); at += one.length; }
  return whole;
};
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const same = (one, other) => one.length === other.length && one.every((value, place) => value === other[place]);

/** What a checkpoint says: {origin, size, root, text, signatures: [{name, bytes}]}. Throws: it is none. */
export function checkpointOf(note) {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const [origin, size, root] = text.split("\n");
  if (cut < 0 || !/^\d{1,15}$/.test(size ?? "") || !root) throw new Error("the checkpoint is not a signed note");
  const signatures = note.slice(cut + 2).split("\n").map((line) => LINE.exec(line)).filter(Boolean).map(([, name, signature]) => ({ name, bytes: bytesOf(signature) }));
  return { origin, size: Number(size), root: bytesOf(root), text, signatures };
}

/** Whether a key (name+id+base64) signed a checkpoint; null: this browser knows no Ed25519. Throws: the key is none. */
export async function isSigned(checkpoint, vkey) {
  const cut = vkey.indexOf("+"), next = vkey.indexOf("+", cut + 1);
  const name = vkey.slice(0, cut), packed = bytesOf(vkey.slice(next + 1));
  if (cut < 1 || packed.length !== 33 || packed[0] !== 1) throw new Error("the key is no Ed25519 key of signed notes");
  const id = (await sha256(new TextEncoder().encode(`${name}\n`), packed)).slice(0, 4);
  let key;
  try { key = await crypto.subtle.importKey("raw", packed.slice(1), "Ed25519", false, ["verify"]); } catch { return null; }
  for (const one of checkpoint.signatures) {
    if (one.name === name && same(one.bytes.slice(0, 4), id)) return crypto.subtle.verify("Ed25519", key, one.bytes.slice(4), new TextEncoder().encode(checkpoint.text));
  }
  return false;
}

/** The root that a proof leads to (RFC 9162, 2.1.3.2); null: its length does not fit. */
export async function rootOf(entry, index, size, proof) {
  let root = await sha256(Uint8Array.of(0), entry), at = index, last = size - 1;
  for (const sibling of proof) {
    if (last === 0) return null;
    if (at % 2 || at === last) {
      root = await sha256(Uint8Array.of(1), sibling, root);
      while (at && at % 2 === 0) { at /= 2; last = Math.floor(last / 2); }
    } else root = await sha256(Uint8Array.of(1), root, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : null;
}

/** Each leaf of /v1/interactions/{id}/proof with `state`: "proven", "absent" (no leaf was given) or "broken", and why. */
export async function checked(told) {
  if (!globalThis.crypto?.subtle) throw new Error("this browser computes digests on https and on this machine only");
  const checkpoint = checkpointOf(told.checkpoint);
  const leaves = [];
  for (const leaf of told.leaves) leaves.push({ ...leaf, ...(await stateOf(leaf, checkpoint)) });
  return { checkpoint, is_signed: await isSigned(checkpoint, told.vkey), leaves };
}

async function stateOf(leaf, checkpoint) {
  if (leaf.index === null) return { state: "absent", why: "no signed leaf near its time: not signed yet, or far from its place" };
  if (leaf.index >= checkpoint.size) return { state: "broken", why: "its place is beyond the checkpoint" };
  const entry = bytesOf(leaf.entry);
  const about = JSON.parse(textOf(entry));
  if (about.kind !== "exchange" || `x${about.worker}-${about.boot}-${about.sequence}` !== leaf.exchange) return { state: "broken", why: "the leaf is of another exchange" };
  const root = await rootOf(entry, leaf.index, checkpoint.size, leaf.proof.map(bytesOf));
  if (!root || !same(root, checkpoint.root)) return { state: "broken", why: "its proof leads to another root" };
  if (leaf.manifest === null) return { state: "proven", why: "its leaf stands in the log; its record is not there any more" };
  if (!same(await sha256(bytesOf(leaf.manifest)), bytesOf(about.manifest))) return { state: "broken", why: "its record is not the one that was signed" };
  return { state: "proven", why: "its record is the one that was signed" };
}
