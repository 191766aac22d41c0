// The same calls in @google/genai for JavaScript. Prints a JSON object of what the SDK made of each.
//
//     node play.mjs FOLDER_WITH_NODE_MODULES URL

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, url] = process.argv.slice(2);
const found = createRequire(join(folder, 'package.json')).resolve('@google/genai');
const { GoogleGenAI } = await import(pathToFileURL(found));
const about = join(folder, 'node_modules', '@google', 'genai', 'package.json');
const { version } = JSON.parse(readFileSync(about, 'utf8'));

const MODEL = 'gemini-3-flash-preview';
const AGENT = 'deep-research-preview-04-2026';
const POLLS_MAX = 10;

const ai = new GoogleGenAI({ apiKey: 'outside-key-0123456789', httpOptions: { baseUrl: url } });
const talk = ai.interactions;
const told = [];

// sdkHttpResponse repeats the HTTP headers, hop by hop ones too; the ledger compares those better.
const note = (result) =>
  told.push(JSON.parse(JSON.stringify(result ?? null, (name, value) =>
    (name === 'sdkHttpResponse' ? undefined : value))));

const attempt = async (call) => {
  try {
    note(await call());
  } catch (error) {
    note([error.constructor.name, error.status ?? null, error.message]);
  }
};

const created = await talk.create({ model: MODEL, input: 'Say hello to Tromsø.' });
note(created);
const events = [];
for await (const event of await talk.create({
  model: MODEL, input: 'And now?', previous_interaction_id: created.id, stream: true,
})) events.push(event);
note(events);
note(await talk.get(created.id));
note(await talk.delete(created.id));
await attempt(() => talk.get(created.id));
let running = await talk.create({ agent: AGENT, input: 'Why are nights bright?', background: true });
note(running);
for (let polls = 0; polls < POLLS_MAX && running.status === 'in_progress'; polls += 1) {
  running = await talk.get(running.id);
  note(running);
}
console.log(JSON.stringify({ version, told }));
