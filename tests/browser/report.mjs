// The report of a run: every picture on one page, each beside what was found wrong there.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { kept } from "./stage.mjs";

const entries = [];

/** Notes pictures and faults under a heading. */
export function note(heading, { pictures = [], faults = [] }) {
  entries.push({ heading, pictures, faults });
}

/** Writes index.html for people and report.json for programs. */
export function write() {
  entries.sort((one, other) => one.heading.localeCompare(other.heading));
  writeFileSync(join(kept, "report.json"), `${JSON.stringify(entries, null, 2)}\n`);
  const wrong = entries.filter((entry) => entry.faults.length > 0).length;
  writeFileSync(
    join(kept, "index.html"),
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Pages of the portal</title>
<style>body{font:14px sans-serif;margin:2rem}div{display:flex;flex-wrap:wrap;gap:1rem;align-items:start}
img{max-height:24rem;max-width:28rem;border:1px solid #999}pre{white-space:pre-wrap;color:#a00}</style>
<h1>${entries.length} pages, ${wrong} with faults</h1>
${entries.map(section).join("\n")}`,
  );
}

function section({ heading, pictures, faults }) {
  const images = pictures.map((path) => `<a href="${escaped(path)}"><img loading="lazy" alt="" src="${escaped(path)}"></a>`);
  const wrong = faults.length > 0 ? `<pre>${escaped(faults.join("\n"))}</pre>` : "";
  return `<h2>${escaped(heading)}</h2>${wrong}<div>${images.join("")}</div>`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
