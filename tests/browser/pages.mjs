// Every page of the portal, as everybody who may see it: in both languages, wide and on a phone, light and dark.
//
// The table below names every page of docs/reference/pages.json, and says who opens it and where it is.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { bringAxe, inaccessible, invalid, scrollsAside, tooHeavy, watch } from "./checks.mjs";
import { note } from "./report.mjs";
import { LANGUAGES, browser, isLeftOut, kept, pageTable, tokenOf } from "./stage.mjs";
import * as world from "./world.mjs";

const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

/** How a page is looked at: each language, size and colour scheme is seen with each of the others. */
const LOOKS = {
  fr: [
    { size: "wide", colorScheme: "light" },
    { size: "phone", colorScheme: "dark" },
  ],
  en: [
    { size: "wide", colorScheme: "dark" },
    { size: "phone", colorScheme: "light" },
  ],
};

const WRONG = "wrong-on-purpose.html";

/**
 * Path of the table → who opens it (`as`), where that is (`at`, by default the path itself) and what must have happened for
 * it to show something (`after`). The console needs `scripts`, is there when it is `ready`, and may be `heavy`. What is a
 * file and no page says of what type (`file`).
 */
const PAGES = {
  // Public pages.
  "/": { as: ["stranger", "developer", "provider", "admin"] },
  "/apis": { as: ["stranger", "developer"] },
  "/apis/{slug}": { as: ["stranger"], at: () => "/apis/sirene" },
  "/apis/{slug}/{version}": { as: ["stranger", "developer"], at: () => world.ofSirene() },
  "/apis/{slug}/{version}/picture": {
    as: ["stranger"],
    at: () => world.ofSirene("/picture"),
    after: world.picture,
    file: "image/png",
  },
  "/apis/{slug}/{version}/contact": { as: ["stranger"], at: () => world.ofSirene("/contact") },
  "/apis/{slug}/{version}/terms": { as: ["stranger"], at: () => world.ofSirene("/terms") },
  // It leads to its first page, which is below: here it is asked what nothing answers.
  "/apis/{slug}/{version}/documentation": {
    as: ["stranger"],
    at: () => world.ofSirene("/documentation?ask=tour+Eiffel"),
  },
  "/apis/{slug}/{version}/documentation.md": {
    as: ["stranger"],
    at: () => world.ofSirene("/documentation.md"),
    file: "text/markdown",
  },
  "/apis/{slug}/{version}/documentation/{page}": {
    as: ["stranger"],
    at: () => world.ofSirene("/documentation/erreurs"),
  },
  "/apis/{slug}/{version}/reference": { as: ["stranger"], at: () => world.ofSirene("/reference") },
  "/apis/{slug}/{version}/reference/{operation}": {
    as: ["stranger"],
    at: () => world.ofSirene("/reference/rechercher-etablissements"),
  },
  "/apis/{slug}/{version}/console": {
    as: ["developer"],
    at: () => world.ofSirene("/console"),
    scripts: true,
    ready: "#swagger-ui .opblock",
    heavy: true,
  },
  "/apis/{slug}/{version}/openapi.json": {
    as: ["stranger"],
    at: () => world.ofSirene("/openapi.json"),
    file: "application/json",
  },
  "/documentation": { as: ["stranger"] },
  "/documentation/{guide}": { as: ["stranger"], at: () => "/documentation/first-call" },
  // The same page stands at the address with a slash: here it answers a question, and there it lists the codes.
  "/docs/errors": { as: ["stranger"], at: () => "/docs/errors?ask=cl%C3%A9+renouvel%C3%A9e+key+renewed" },
  "/docs/errors/": { as: ["stranger"] },
  "/docs/errors/{code}": { as: ["stranger"], at: () => "/docs/errors/rate_limited" },
  "/problems/{code}": { as: ["stranger"], at: () => "/problems/not_found" },
  "/terms": { as: ["stranger", "developer"] },

  "/help": { as: ["stranger"] },
  "/legal": { as: ["stranger"] },
  "/privacy": { as: ["stranger"] },
  "/accessibility": { as: ["stranger"] },
  "/style": { as: ["stranger"] },
  "/demo/mail": { as: ["stranger"], after: world.mail },
  "/demo/mail/{number}": { as: ["stranger"], at: world.mail },

  // Coming in.
  "/sign-in": { as: ["stranger"] },
  "/register": { as: ["stranger"] },
  "/verify-email/resend": { as: ["stranger"] },
  "/verify-email": { as: ["stranger"], at: () => "/verify-email?token=x" },
  "/reset-password": { as: ["stranger"], at: () => "/reset-password?token=x" },
  "/forgot-password": { as: ["stranger"] },
  "/leak": { as: ["stranger"] },
  "/invitation": { as: ["stranger"], at: world.invitation },
  "/terms/accept": { as: ["developer"] },

  // One's account.
  "/account": { as: ["developer", "admin"] },
  "/account/email": { as: ["developer"] },
  "/account/password": { as: ["developer"] },
  "/account/sessions": { as: ["developer"] },
  "/account/data": { as: ["developer"] },
  "/account/export": { as: ["developer"], file: "application/json" },
  "/account/close": { as: ["developer", "provider"] },
  "/account/tokens": { as: ["developer", "instructor"], after: () => tokenOf("developer") },
  "/account/tokens/new": { as: ["developer"] },
  "/account/organizations": { as: ["developer", "editor"] },
  "/account/organizations/new": { as: ["editor"] },
  "/account/organizations/{organization_id}": { as: ["editor", "admin"], at: ofEditors("") },
  "/account/organizations/{organization_id}/edit": { as: ["editor"], at: ofEditors("/edit") },
  "/account/organizations/{organization_id}/invite": { as: ["editor"], at: ofEditors("/invite") },
  "/account/organizations/{organization_id}/members/{account_id}": {
    as: ["editor"],
    at: async () => ofEditors(`/members/${await world.accountOf("editor")}`)(),
  },

  // Those who call. The instructor has nothing yet.
  "/dashboard": { as: ["developer", "editor", "instructor"], after: world.pending },
  "/applications": { as: ["developer", "instructor"] },
  "/applications/new": { as: ["developer"] },
  "/applications/new/{draft_id}": { as: ["developer"], at: ofDraft("") },
  "/applications/new/{draft_id}/picture": { as: ["developer"], at: ofDraft("/picture"), file: "image/png" },
  "/applications/new/{draft_id}/security": { as: ["developer"], at: ofDraft("/security") },
  "/applications/new/{draft_id}/subscription": { as: ["developer"], at: ofDraft("/subscription") },
  "/applications/new/{draft_id}/summary": { as: ["developer"], at: ofDraft("/summary") },
  "/applications/{application_id}": { as: ["developer"], at: ofApplication("") },
  "/applications/{application_id}/picture": {
    as: ["developer"],
    at: ofApplication("/picture"),
    after: world.applicationPicture,
    file: "image/png",
  },
  "/applications/{application_id}/secret": {
    as: ["developer"],
    at: async () => `/applications/${(await world.client()).id}/secret`,
  },
  "/applications/{application_id}/subscriptions": { as: ["developer"], at: ofApplication("/subscriptions") },
  "/applications/{application_id}/subscriptions/{subscription_id}": {
    as: ["developer", "admin"],
    at: ofSubscription(""),
  },
  "/applications/{application_id}/subscriptions/{subscription_id}/key": { as: ["developer"], at: ofSubscription("/key") },
  "/applications/{application_id}/subscriptions/{subscription_id}/plan": {
    as: ["developer"],
    at: ofSubscription("/plan"),
  },
  "/applications/{application_id}/usage": { as: ["developer"], at: ofApplication("/usage") },
  "/applications/{application_id}/usage.csv": { as: ["developer"], at: ofApplication("/usage.csv"), file: "text/csv" },
  "/keys/{credential_id}/renew": { as: ["developer"], at: ofKey("renew") },
  "/keys/{credential_id}/reveal": { as: ["developer"], at: ofKey("reveal") },
  "/subscriptions": { as: ["developer", "editor", "instructor"], after: world.pending },
  "/apis/{slug}/{version}/subscribe": { as: ["developer", "editor"], at: () => world.ofSirene("/subscribe") },
  "/apis/{slug}/{version}/subscribe/application": {
    as: ["editor"],
    at: async () => (await world.subscriptionDraft()).application,
  },
  "/apis/{slug}/{version}/subscribe/check": {
    as: ["editor"],
    at: async () => (await world.subscriptionDraft()).check,
  },

  // Threads.
  "/tickets": { as: ["developer", "editor"], after: world.ticket },
  "/apis/{slug}/{version}/tickets": { as: ["developer"], at: () => world.ofSirene("/tickets"), after: world.ticket },
  "/tickets/{ticket_id}": { as: ["developer", "provider", "admin"], at: async () => `/tickets/${(await world.ticket()).id}` },

  // Those who provide.
  "/provider": { as: ["provider", "developer"], after: world.pending },
  "/provider/apis/{api_id}/subscriptions": { as: ["provider"], at: ofProvided("subscriptions"), after: world.pending },
  "/provider/apis/{api_id}/subscribers": { as: ["provider"], at: ofProvided("subscribers"), after: world.pending },
  "/provider/apis/{api_id}/usage": { as: ["provider"], at: ofProvided("usage"), after: world.subscribed },
  "/provider/apis/{api_id}/tickets": { as: ["provider"], at: ofProvided("tickets"), after: world.ticket },
  "/provider/subscriptions/{subscription_id}": {
    as: ["provider"],
    at: async () => `/provider/subscriptions/${(await world.pending()).id}`,
  },

  // The officers' desk.
  "/partners": { as: ["officer"], after: world.partner },
  "/partners/new": { as: ["officer"] },
  "/partners/{organization_id}": { as: ["officer"], at: ofPartner("") },
  "/partners/{organization_id}/invite": { as: ["officer"], at: ofPartner("/invite") },

  // Those who run the portal.
  "/admin": { as: ["admin"] },
  "/admin/accounts/{account_id}": {
    as: ["admin"],
    at: async () => `/admin/accounts/${await world.accountOf("developer")}`,
  },
  "/admin/organizations": { as: ["admin", "officer"] },
  "/admin/jobs": { as: ["admin"] },
  "/admin/audit": { as: ["admin"] },
  "/admin/audit/verify": { as: ["admin"] },
};

function ofPartner(part) {
  return async () => `/partners/${(await world.partner()).partner.id}${part}`;
}

function ofEditors(part) {
  return async () => `/account/organizations/${await world.organizationOf("editor")}${part}`;
}

function ofDraft(part) {
  return async () => (await world.applicationDraft()) + part;
}

function ofApplication(part) {
  return async () => `/applications/${(await world.subscribed()).application.id}${part}`;
}

function ofSubscription(part) {
  return async () => (await world.subscription()) + part;
}

function ofKey(act) {
  return async () => `/keys/${await world.key()}/${act}`;
}

/** A page about the API for its provider. */
function ofProvided(part) {
  return async () => `/provider/apis/${(await world.sirene()).id}/${part}`;
}

/** Pages that are no row of the table: refusals, and forms that were wrong. */
const STATES = {
  "a page that is not there": { as: ["stranger"], at: () => "/nothing/here", status: 404 },
  "a link that was forged": { as: ["stranger"], at: () => "/invitation?token=x", status: 409 },
  "a sign-in that failed": { as: ["stranger"], at: () => "/sign-in", then: sendEmpty("/sign-in"), status: 422 },
  "a registration that is wrong": { as: ["stranger"], at: () => "/register", then: sendEmpty("/register"), status: 422 },
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
    await page.after?.();
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
    for (const { size, colorScheme } of LOOKS[language]) {
      await look(tab, size, colorScheme);
      const picture = `pages/${name}-${size}-${colorScheme}.png`;
      await tab.screenshot({ path: join(kept, picture), fullPage: true });
      pictures.push(picture);
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
    for (const { size, colorScheme } of LOOKS[language]) {
      await look(tab, size, colorScheme);
      const found = await inaccessible(tab);
      faults.push(...found.map((fault) => `${size}, ${colorScheme}: ${fault}`));
    }
    return expected(faults, page.status ?? 200);
  } finally {
    await context.close();
  }
}

async function look(tab, size, colorScheme) {
  await tab.setViewportSize(SIZES[size]);
  await tab.emulateMedia({ colorScheme });
}

async function arrive(tab, page) {
  await page.after?.();
  const response = await tab.goto(await page.at());
  if (page.ready) await tab.locator(page.ready).first().waitFor();
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
