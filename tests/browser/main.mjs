// One run: the suites that were asked for, in one Chromium, and the report of what they saw.
import { after, before, describe } from "node:test";

import { write } from "./report.mjs";
import { close, open } from "./stage.mjs";

const suites = [];
for (const name of process.argv.slice(2)) suites.push((await import(`./${name}.mjs`)).default);

describe("the portal in a browser", () => {
  before(open);
  after(close);
  after(write);
  for (const declare of suites) declare();
});
