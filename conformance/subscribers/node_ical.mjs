// Polls a feed as a program on node-ical does: `fromURL` with the If-None-Match it remembers.
//
//     node_ical.mjs URL STATE.json
//
// STATE.json holds {etag, downloads, events} between polls.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../.cache/node/", import.meta.url)));
const ical = require("node-ical");
const [url, file] = process.argv.slice(2);
const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { etag: null, downloads: 0, events: [] };

// fromURL gives no headers back, so the tag is noted on the way.
const download = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const response = await download(...request);
  if (response.ok) state.etag = response.headers.get("etag");
  return response;
};

const text = (value) => (typeof value === "object" ? value.val : value);

try {
  const found = await ical.async.fromURL(url, { headers: state.etag ? { "If-None-Match": state.etag } : {} });
  state.downloads += 1;
  state.events = Object.values(found)
    .filter((component) => component.type === "VEVENT")
    .map((event) => ({
      uid: event.uid,
      sequence: event.sequence === undefined ? null : Number(event.sequence),
      status: event.status ?? null,
      start_utc: event.start.toISOString().replace(".000Z", "Z"),
      summary: text(event.summary),
    }));
} catch (error) {
  if (!error.message.startsWith("304")) throw error;
}
writeFileSync(file, JSON.stringify(state));
