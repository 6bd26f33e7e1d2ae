// Every page of the portal, as everybody who may see it: in both languages, wide and on a phone, light and dark.
//
// The table below names every page of docs/reference/pages.json, and says who opens it and where it is.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { bringAxe, inaccessible, invalid, scrollsAside, tooHeavy, watch } from "./checks.mjs";
import { note } from "./report.mjs";
import { LANGUAGES, browser, isLeftOut, kept, pageTable } from "./stage.mjs";
import * as world from "./world.mjs";

const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const WRONG = "wrong-on-purpose.html";
const SCHEMES = ["light", "dark"];

/**
 * Path of the table → who opens it (`as`), where that is (`at`, by default the path itself), with what status (200),
 * whether it needs scripts, and whether it may be heavy. What is a file and no page says of what type (`file`).
 */
const PAGES = {
  "/": { as: ["stranger", "developer", "provider", "admin"] },
  "/sign-in": { as: ["stranger"] },
  "/terms": { as: ["stranger", "developer"] },
  "/terms/accept": { as: ["developer"] },
  "/verify-email": { as: ["stranger"], at: () => "/verify-email?token=x" },
  "/reset-password": { as: ["stranger"], at: () => "/reset-password?token=x" },
  "/forgot-password": { as: ["stranger"] },
  "/invitation": { as: ["stranger"], at: world.invitation },
  "/register": { as: ["stranger"] },
  "/verify-email/resend": { as: ["stranger"] },
  "/account": { as: ["developer", "admin"] },
  "/account/email": { as: ["developer"] },
  "/account/password": { as: ["developer"] },
  "/account/sessions": { as: ["developer"] },
  "/account/tokens": { as: ["developer", "provider"] },
  "/account/tokens/new": { as: ["developer", "admin"] },
  "/account/data": { as: ["developer"] },
  "/account/export": { as: ["developer"], file: "application/json" },
  "/account/close": { as: ["developer", "provider"] },
  "/account/organizations": { as: ["developer", "provider"] },
  "/account/organizations/new": { as: ["developer"] },
  "/account/organizations/{organization_id}": { as: ["provider", "admin"], at: world.organization },
  "/account/organizations/{organization_id}/edit": { as: ["provider"], at: world.organizationPage("/edit") },
  "/account/organizations/{organization_id}/invite": { as: ["provider"], at: world.organizationPage("/invite") },
  "/account/organizations/{organization_id}/members/{account_id}": { as: ["provider"], at: world.member },
  "/help": { as: ["stranger"] },
  "/legal": { as: ["stranger"] },
  "/privacy": { as: ["stranger"] },
  "/accessibility": { as: ["stranger"] },
  "/demo/mail": { as: ["stranger"], at: world.mailbox },
  "/demo/mail/{number}": { as: ["stranger"], at: world.mail },
  "/style": { as: ["stranger"] },
  "/problems/{code}": { as: ["stranger"], at: () => "/problems/not_found" },
  "/tickets": { as: ["developer", "officer"] },
  "/apis/{slug}/{version}/tickets": { as: ["developer", "officer"], at: () => "/apis/sirene/3.11/tickets" },
  "/tickets/{ticket_id}": { as: ["developer", "provider", "admin"], at: world.ticket },
  "/provider": { as: ["provider", "developer"] },
  "/provider/apis/{api_id}/subscriptions": { as: ["provider"], at: world.provided("subscriptions") },
  "/provider/apis/{api_id}/subscribers": { as: ["provider"], at: world.provided("subscribers") },
  "/provider/apis/{api_id}/usage": { as: ["provider"], at: world.provided("usage") },
  "/provider/apis/{api_id}/tickets": { as: ["provider"], at: world.provided("tickets") },
  "/provider/subscriptions/{subscription_id}": { as: ["provider"], at: world.subscriber },
  "/admin": { as: ["admin"] },
  "/admin/accounts/{account_id}": { as: ["admin"], at: world.someAccount },
  "/admin/organizations": { as: ["admin", "officer"] },
  "/admin/jobs": { as: ["admin"] },
  "/admin/audit": { as: ["admin"] },
  "/admin/audit/verify": { as: ["admin"] },
};

/** Pages that are no row of the table: refusals, and forms that were wrong. */
const STATES = {
  "a page that is not there": { as: ["stranger"], at: () => "/nothing/here", status: 404 },
  "a link that was forged": { as: ["stranger"], at: () => "/invitation?token=x", status: 409 },
  "a sign-in that failed": { as: ["stranger"], at: () => "/sign-in", then: sendEmpty("/sign-in"), status: 422 },
  "a registration that is wrong": {
    as: ["stranger"],
    at: () => "/register",
    then: sendEmpty("/register"),
    status: 422,
  },
  "a token that is wrong": {
    as: ["developer"],
    at: () => "/account/tokens/new",
    then: sendEmpty("/account/tokens/new"),
    status: 422,
  },
  "a link that ended": {
    as: ["stranger"],
    at: () => "/verify-email?token=x",
    then: sendEmpty("/verify-email"),
    status: 409,
  },
};

/** Sends the form as it is, whatever the browser thinks of it. */
function sendEmpty(action) {
  return async (page) => {
    const form = page.locator(`form[action='${action}']`);
    const answered = page.waitForResponse((response) => response.request().isNavigationRequest());
    await form.evaluate((element) => {
      element.noValidate = true;
    });
    await form.locator("button[type=submit]").first().click();
    return answered;
  };
}

export default function declare() {
  const rows = pageTable().filter((row) => row.method === "GET");

  describe("pages", () => {
    it("are all in the table of this suite, and none that is not there", () => {
      const wanted = rows.map((row) => row.path).sort();
      assert.deepEqual(Object.keys(PAGES).sort(), wanted);
    });

    describe("open", { concurrency: 2 }, () => {
      for (const [path, page] of Object.entries({ ...PAGES, ...STATES })) {
        if (isLeftOut(path)) continue;
        const at = page.at ?? (() => path);
        const opened = page.file ? isFile : opens;
        for (const person of page.as) it(`${path} as ${person}`, () => opened(path, { ...page, at }, person));
      }
    });

    it("would be found wrong where they are", async () => {
      assert.deepEqual(await faultsOfWrongPage(), ["loads from elsewhere", "console", "axe image-alt", "scrolls to the side"]);
    });

    it("are valid HTML", async () => {
      // One that is not, so that a checker that reads nothing is noticed.
      keep("html", WRONG, "<!doctype html><p>");
      const found = await invalid(join(kept, "html"));
      assert.ok(found.delete(WRONG), "the checker read nothing");
      const faults = [...found].flatMap(([name, faults]) => faults.map((fault) => `${name}: ${fault}`));
      for (const [name, faults] of found) note(`HTML of ${name}`, { faults });
      assert.deepEqual(faults, []);
    });
  });
}

/** Opens a page in both languages and holds it against all that holds for pages. */
async function opens(path, page, person) {
  const faults = [];
  const pictures = [];
  for (const language of LANGUAGES) {
    const name = fileName(path, person, language);
    const said = [...(await withoutScripts(page, person, language, name, pictures)), ...(await withScripts(page, person, language))];
    faults.push(...said.map((fault) => `${language}: ${fault}`));
  }
  note(`${path} as ${person}`, { pictures, faults });
  assert.deepEqual(faults, []);
}

/** A page with one fault of each kind: which of them are found. A check that finds nothing would prove nothing. */
async function faultsOfWrongPage() {
  const body = `<!doctype html><html lang="fr"><title>x</title><main><h1>x</h1><img src="http://127.0.0.2:9/x.png">
    <p class="wide">x</p></main><link rel="stylesheet" href="/wide.css"><script>alert()</script>`;
  const headers = { "content-security-policy": "script-src 'self'" };
  const context = await browser({ viewport: SIZES.wide });
  try {
    const tab = await context.newPage();
    const { faults } = watch(tab);
    await tab.route("**/wrong", (route) => route.fulfill({ contentType: "text/html", headers, body }));
    await tab.route("**/wide.css", (route) => route.fulfill({ contentType: "text/css", body: ".wide { width: 400px }" }));
    await tab.goto("/wrong");
    await bringAxe(tab);
    faults.push(...(await inaccessible(tab)), ...(await scrollsAside(tab)));
    const kinds = ["loads from elsewhere", "console", "axe image-alt", "scrolls to the side"];
    return kinds.filter((kind) => faults.some((fault) => fault.includes(kind)));
  } finally {
    await context.close();
  }
}

/** A row of the table that gives a file: it is there, and of its type. */
async function isFile(path, page, person) {
  const context = await browser({ person });
  try {
    const answer = await context.request.get(await page.at());
    assert.equal(answer.status(), 200, path);
    assert.equal(answer.headers()["content-type"].split(";")[0], page.file);
    assert.ok((await answer.body()).length > 0, "the file is empty");
  } finally {
    await context.close();
  }
}

/** What somebody without scripts gets: status, language, HTML, pictures. */
async function withoutScripts(page, person, language, name, pictures) {
  const context = await browser({ person, language, scripts: page.scripts ?? false, viewport: SIZES.wide });
  try {
    const tab = await context.newPage();
    const { faults } = watch(tab);
    const response = await arrive(tab, page);
    const wanted = page.status ?? 200;
    if (response.status() !== wanted) faults.push(`status ${response.status()} instead of ${wanted}`);
    const lang = await tab.locator("html").getAttribute("lang");
    if (lang !== language) faults.push(`says that it is in ${lang}`);
    keep("html", `${name}.html`, await response.text());
    for (const [size, viewport] of Object.entries(SIZES)) {
      await tab.setViewportSize(viewport);
      for (const colorScheme of SCHEMES) {
        await tab.emulateMedia({ colorScheme });
        const picture = `pages/${name}-${size}-${colorScheme}.png`;
        await tab.screenshot({ path: join(kept, picture), fullPage: true });
        pictures.push(picture);
      }
    }
    faults.push(...(await scrollsAside(tab)));
    return expected(faults, wanted);
  } finally {
    await context.close();
  }
}

/** The same with scripts: the weight of a first visit, and what axe says of every look. */
async function withScripts(page, person, language) {
  const context = await browser({ person, language, viewport: SIZES.wide });
  try {
    const tab = await context.newPage();
    const { faults, weigh } = watch(tab);
    await arrive(tab, page);
    if (!page.heavy) faults.push(...tooHeavy(await weigh()));
    await bringAxe(tab);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await tab.setViewportSize(viewport);
      for (const colorScheme of SCHEMES) {
        await tab.emulateMedia({ colorScheme });
        const found = await inaccessible(tab);
        faults.push(...found.map((fault) => `${size}, ${colorScheme}: ${fault}`));
      }
    }
    return expected(faults, page.status ?? 200);
  } finally {
    await context.close();
  }
}

async function arrive(tab, page) {
  const response = await tab.goto(await page.at());
  return page.then ? await page.then(tab) : response;
}

/** A refusal that was asked for is told on the console too. */
function expected(faults, status) {
  if (status < 400) return faults;
  return faults.filter((fault) => !fault.includes(`the server responded with a status of ${status}`));
}

function fileName(path, person, language) {
  const name = path === "/" ? "home" : path.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  return `${name}-${person}-${language}`;
}

function keep(folder, name, text) {
  mkdirSync(join(kept, folder), { recursive: true });
  writeFileSync(join(kept, folder, name), text);
}
