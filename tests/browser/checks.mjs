// What holds for every page, as functions that give faults: sentences that say what is wrong, none where all is well.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { demo, packaged } from "./stage.mjs";

const run = promisify(execFile);

/** Bytes that a first visit may transfer: page, style, fonts, script. */
const WEIGHT = 100 * 1024;

/** The narrowest screen on which nobody has to scroll to the side (WCAG 2.2, 1.4.10). */
const NARROW = { width: 320, height: 640 };

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Swagger UI draws itself; the accessible reference stands beside it. */
const NOT_OURS = "#swagger-ui";

/** Notes from now on what a page complains of, and what it loads. */
export function watch(page) {
  const faults = [];
  const requests = [];
  page.on("console", (message) => {
    // The policy's violations are told here too.
    if (message.type() === "error") faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const ours = url.protocol === "data:" || url.protocol === "blob:" || url.origin === demo.portal;
    if (!ours) faults.push(`loads from elsewhere: ${request.url()}`);
  });
  page.on("requestfinished", (request) => requests.push(request));
  page.on("requestfailed", (request) => faults.push(`not loaded: ${request.url()}: ${request.failure()?.errorText}`));
  const weigh = async () => {
    const sizes = await Promise.all(requests.map((request) => request.sizes()));
    return sizes.reduce((sum, size) => sum + size.responseHeadersSize + size.responseBodySize, 0);
  };
  return { faults, weigh };
}

/** Whether a first visit is light enough. */
export function tooHeavy(bytes) {
  return bytes > WEIGHT ? [`a first visit transfers ${bytes} bytes, more than ${WEIGHT}`] : [];
}

/** Whether somebody with a narrow screen would have to scroll to the side. Leaves the page that narrow. */
export async function scrollsAside(page) {
  await page.setViewportSize(NARROW);
  const wide = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= limit) return [];
    const sticksOut = (element) => element.getBoundingClientRect().right > limit + 0.5;
    const named = (element) => element.tagName.toLowerCase() + (element.className ? `.${element.className}` : "");
    return [...document.body.querySelectorAll("*")].filter(sticksOut).map(named).slice(0, 5);
  });
  return wide.length > 0 ? [`at ${NARROW.width} px the page scrolls to the side: ${wide.join(", ")}`] : [];
}

/** Brings axe into a page. It is evaluated by the debugger, which the page's policy does not concern. */
export async function bringAxe(page) {
  await page.evaluate(packaged("axe-core").source);
}

/** What axe finds in the page as it is now. */
export async function inaccessible(page) {
  const violations = await page.evaluate(
    async ({ rules, notOurs }) => {
      const context = document.querySelector(notOurs) ? { exclude: [[notOurs]] } : document;
      const options = { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"] };
      return (await globalThis.axe.run(context, options)).violations;
    },
    { rules: RULES, notOurs: NOT_OURS },
  );
  return violations.flatMap((violation) =>
    violation.nodes.map((node) => `axe ${violation.id}: ${node.target.join(" ")}: ${node.failureSummary}`),
  );
}

/** What the checker of the W3C finds in the HTML files of a folder: file name → faults. */
export async function invalid(folder) {
  const jar = packaged("vnu-jar");
  const options = ["-Xss2m", "-jar", jar, "--format", "json", "--stdout", "--exit-zero-always", folder];
  const { stdout } = await run("java", options, { maxBuffer: 64 * 1024 * 1024 });
  const found = new Map();
  for (const { type, url, lastLine, message, extract } of JSON.parse(stdout).messages) {
    if (type === "info") continue;
    const name = decodeURIComponent(new URL(url).pathname.split("/").at(-1));
    const fault = `vnu line ${lastLine}: ${message} ${extract?.trim() ?? ""}`;
    found.set(name, [...(found.get(name) ?? []), fault]);
  }
  return found;
}
