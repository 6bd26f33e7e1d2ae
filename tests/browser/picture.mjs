// The picture of the README: a subscription of the demo with its key, wide and light.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { it } from "node:test";

import { browser, inRepository } from "./stage.mjs";
import * as world from "./world.mjs";

const PATH = "docs/images/portal.png";
const BYTES = 200 * 1024;

export default function declare() {
  it("draws the picture of the README", async () => {
    const context = await browser({
      person: "developer",
      scripts: false,
      viewport: { width: 1280, height: 860 },
      colorScheme: "light",
    });
    const tab = await context.newPage();
    await tab.goto(await world.subscription());
    await tab.screenshot({ path: inRepository(PATH) });
    await context.close();
    const { size } = statSync(inRepository(PATH));
    assert.ok(size < BYTES, `${PATH} has ${size} bytes, more than ${BYTES}`);
    console.log(`${PATH}: ${size} bytes`);
  });
}
