// Plays acts in any version of @google/genai. The same play files as play.py, the same output.
//
//     node play.mjs PLAY.json URL FOLDER_OF_THE_SDK

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file, url, folder] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const { GoogleGenAI } = await import(pathToFileURL(join(folder, 'dist', 'node', 'index.mjs')));
const play = JSON.parse(readFileSync(file, 'utf8'));

const IS_OLD = Number(version.split('.')[0]) < 2;
const RUNNING = ['queued', 'in_progress'];
const POLLS_MAX = 20;

const clients = new Map();
const talkOf = (name) => {
  const apiKey = play.key.replace('{name}', name);
  if (!clients.has(apiKey)) {
    clients.set(apiKey, new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } }));
  }
  return clients.get(apiKey).interactions;
};

// sdkHttpResponse repeats the HTTP headers, hop by hop ones too; the far end compares those better.
const plain = (result) => JSON.parse(JSON.stringify(result ?? null, (name, value) =>
  (name === 'sdkHttpResponse' ? undefined : value)));
const typeOf = (result) => result?.constructor?.name ?? String(result);
const streamed = (events) => ({
  events: events.map((event) => event?.event_type ?? typeof event),
  values: events.map(plain),
});
const raised = (error) => ({
  raised: error.constructor.name,
  message: error.message,
  status_code: error.status ?? null,
});

const filled = (value, seen) => {
  if (Array.isArray(value)) return value.map((one) => filled(one, seen));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, seen)]));
  }
  return seen.get(value) ?? value;
};

const remember = (name, result, seen) => {
  seen.set(`$${name}.id`, result?.id);
  for (const one of result?.steps ?? result?.outputs ?? []) {
    if (one.type === 'function_call') seen.set(`$${name}.call`, one.id);
  }
};

const rememberEvent = (name, event, count, seen) => {
  if (event?.interaction) seen.set(`$${name}.id`, event.interaction.id);
  if (count === 3) seen.set(`$${name}.event`, event?.event_id);
};

const call = async (talk, method, given) => {
  if (method === 'create') return talk.create(given);
  const { id, ...rest } = given;
  if (method !== 'poll') return talk[method](id, rest);
  const looks = [];
  while (looks.length < POLLS_MAX) {
    looks.push(await talk.get(id, rest));
    if (!RUNNING.includes(looks.at(-1).status)) break;
  }
  return looks;
};

const perform = async ([name, method, arguments_, forOld], seen) => {
  const given = filled(IS_OLD && forOld ? forOld : arguments_, seen);
  const events = [];
  let isStream = false;
  try {
    const result = await call(talkOf(name), method, given);
    isStream = given.stream === true;
    if (!isStream) {
      remember(name, result, seen);
      return { type: typeOf(result), value: plain(result) };
    }
    for await (const event of result) {
      events.push(event);
      rememberEvent(name, event, events.length, seen);
    }
  } catch (error) {
    return { ...(isStream ? streamed(events) : {}), ...raised(error) };
  }
  return streamed(events);
};

const outcomes = [];
if (play.abreast) {
  outcomes.push(...await Promise.all(play.acts.map((act) => perform(act, new Map()))));
} else {
  const seen = new Map();
  for (const act of play.acts) outcomes.push(await perform(act, seen));
}
const told = Object.fromEntries(play.acts.map(([name], index) => [name, outcomes[index]]));
console.log(JSON.stringify({ version, outcomes: told }));
