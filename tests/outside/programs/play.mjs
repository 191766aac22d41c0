// Plays acts in any version of @google/genai. The same play files as play.py, the same output.
//
//     node play.mjs PLAY.json URL FOLDER_OF_THE_SDK
//
// Of a method with a dot, a list of arguments is several; {text, type} as a file is a Blob; live.connect
// says what is given and hears until the turn is complete. Settings of a client are its httpOptions, and
// beside play.py's: "top", settings beside httpOptions; "named by", what names the URL instead of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file, url, folder] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const { GoogleGenAI, setDefaultBaseUrls } = await import(pathToFileURL(join(folder, 'dist', 'node', 'index.mjs')));
const play = JSON.parse(readFileSync(file, 'utf8'));

const IS_OLD = Number(version.split('.')[0]) < 2;
const RUNNING = ['queued', 'in_progress'];
const POLLS_MAX = 20;

const newClient = (apiKey, { path = '', top = {}, vertex, 'named by': namer, ...httpOptions }) => {
  const baseUrl = url + path;
  if (namer === 'environment') process.env.GOOGLE_GEMINI_BASE_URL = baseUrl;
  else if (namer === 'setter') setDefaultBaseUrls({ geminiUrl: baseUrl });
  else httpOptions.baseUrl = baseUrl;
  const authorization = { authorization: `Bearer ${apiKey}` };
  const authClient = { getRequestHeaders: async () => new Headers(authorization) };
  const vertexOptions = {
    vertexai: true, project: 'my-proj', location: vertex, googleAuthOptions: { authClient },
  };
  const client = new GoogleGenAI({ ...(vertex ? vertexOptions : { apiKey }), ...top, httpOptions });
  delete process.env.GOOGLE_GEMINI_BASE_URL;
  if (namer === 'setter') setDefaultBaseUrls({});
  return client;
};

const clients = new Map();
const clientOf = (name) => {
  const apiKey = play.key.replace('{name}', name);
  if (!clients.has(apiKey)) clients.set(apiKey, newClient(apiKey, play.clients?.[name] ?? {}));
  return clients.get(apiKey);
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

const hear = async (client, { said, ...given }) => {
  const heard = [];
  const session = await new Promise((resolve, reject) => {
    const onmessage = (message) => {
      heard.push(message);
      if (message.serverContent?.turnComplete) resolve(client.live.connecting);
    };
    const callbacks = { onmessage, onerror: reject, onclose: reject };
    client.live.connecting = client.live.connect({ ...given, callbacks });
    client.live.connecting.then((open) => open.sendClientContent(said), reject);
  });
  session.close();
  return heard;
};

const callAnywhere = async (client, method, given) => {
  const path = method.split('.');
  const name = path.pop();
  const talk = path.reduce((above, part) => above[part], client);
  if (given.file?.text) given.file = new Blob([given.file.text], { type: given.file.type });
  const result = await talk[name](...(Array.isArray(given) ? given : [given]));
  if (!result?.[Symbol.asyncIterator]) return result;
  const all = [];
  for await (const one of result) all.push(one);
  return all;
};

const call = async (client, method, given) => {
  if (method === 'live.connect') return hear(client, given);
  if (method.includes('.')) return callAnywhere(client, method, given);
  const talk = client.interactions;
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
    const result = await call(clientOf(name), method, given);
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
