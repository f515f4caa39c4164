// What the JavaScript clients share: loading them from the cache, the task on standard input, a JSON line per check.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export const require = createRequire(fileURLToPath(new URL("../.cache/node/", import.meta.url)));
export const task = JSON.parse(readFileSync(0, "utf8"));

export function check(name, ok, detail = "") {
  console.log(JSON.stringify({ check: name, ok: Boolean(ok), detail: typeof detail === "string" ? detail : JSON.stringify(detail) ?? "" }));
}

/** Whether it fails; the error as `detail` where it does not. */
export async function refused(act) {
  try {
    await act();
  } catch {
    return true;
  }
  return false;
}
