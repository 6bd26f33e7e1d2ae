// What the suites stand on: the running demo, the packages, one Chromium, and people who have signed in.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { OCTROI_DEMO, OCTROI_ROOT, OCTROI_PACKAGES, OCTROI_KEPT, OCTROI_HOLDING = "" } = process.env;
if (!OCTROI_DEMO) throw new Error("these suites are started by `cargo xtask browser`");

/** What `octroi demo --json` says of itself. */
export const demo = JSON.parse(OCTROI_DEMO);
/** The folder in which everything that a run makes is kept. */
export const kept = OCTROI_KEPT;
/** A file of the repository. */
export const inRepository = (path) => join(OCTROI_ROOT, path);
/** Whether somebody asked for something else than this. */
export const isLeftOut = (name) => !name.includes(OCTROI_HOLDING);
/** Loads an installed package. */
export const packaged = createRequire(join(OCTROI_PACKAGES, "package.json"));

export const LANGUAGES = ["fr", "en"];

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

let chromium;

/** Starts the one Chromium of a run, with a profile of its own. */
export async function open() {
  const options = { executablePath: "/usr/bin/chromium", headless: true, args: FLAGS };
  chromium = await packaged("playwright-core").chromium.launch(options);
}

export async function close() {
  await chromium.close();
}

/**
 * A fresh browser, nothing kept from another: `person` is a role of the demo, `stranger`, or an account; `language` what
 * the browser asks for, or what was chosen by somebody who has signed in.
 */
export async function browser({ person = "stranger", language = "fr", scripts = true, ...more } = {}) {
  const context = await chromium.newContext({
    baseURL: demo.portal,
    javaScriptEnabled: scripts,
    locale: language === "fr" ? "fr-FR" : "en-GB",
    reducedMotion: "reduce",
    storageState: await session(person, language),
    ...more,
  });
  context.setDefaultTimeout(20_000);
  return context;
}

const sessions = new Map();

/** Cookies of a person, signed in once for all the pages. */
function session(person, language) {
  if (person === "stranger") return undefined;
  const key = `${person} ${language}`;
  if (!sessions.has(key)) sessions.set(key, signIn(person, language));
  return sessions.get(key);
}

async function signIn(person, language) {
  const { email, password } = account(person);
  const context = await browser({ language, scripts: false });
  const page = await context.newPage();
  await page.goto(`/sign-in?next=/terms&lang=${language}`);
  await page.locator("#login").fill(email);
  await page.locator("#password").fill(password);
  await page.locator("form[action='/sign-in'] button[type=submit]").click();
  if (new URL(page.url()).pathname !== "/terms") throw new Error(`${person} could not sign in: ${page.url()}`);
  const state = await context.storageState();
  await context.close();
  return state;
}

/** A sample person of the demo. */
export function account(role) {
  const found = demo.accounts.find((account) => account.role === role);
  if (!found) throw new Error(`the demo has no person in the role ${role}`);
  return found;
}

/** The table of pages as the program wrote it. */
export function pageTable() {
  return JSON.parse(readFileSync(inRepository("docs/reference/pages.json"), "utf8"));
}

/**
 * A call of the management API; anything but success is an error. `body` is a value, or the bytes of a file with its type;
 * `by` is a token, the administrator's by default.
 */
export async function manage(method, path, body, by = demo.management_token) {
  const headers = { authorization: `Bearer ${by}` };
  if (body !== undefined) headers["content-type"] = body.bytes ? body.type : "application/json";
  const sent = body?.bytes ?? JSON.stringify(body);
  const answer = await fetch(`${demo.portal}/api/v1${path}`, { method, headers, body: sent });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

const tokens = new Map();

/** A management token of a sample person. */
export function tokenOf(role) {
  if (!tokens.has(role)) tokens.set(role, askToken(role));
  return tokens.get(role);
}

async function askToken(role) {
  const { email, password } = account(role);
  const asked = { login: email, password, name: "browser tests" };
  return (await manage("POST", "/sign-ins", asked)).token;
}
