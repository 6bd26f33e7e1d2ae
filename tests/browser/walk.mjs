// The way from "I have no account" to "my call came back", step by step as the document of the Sirene API tells it:
// in both languages, without scripts but for the console, once by keyboard alone.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { byKeyboard, byPointer } from "./acting.mjs";
import { watch } from "./checks.mjs";
import { linkTo } from "./mail.mjs";
import { note } from "./report.mjs";
import { browser, demo, isLeftOut, kept } from "./stage.mjs";

const API = demo.apis.find((api) => api.slug === "sirene");
const PASSWORD = "un pavillon de pierre blonde";

/** What people read on what they press and fill in, in the order of the walk. */
const WORDS = {
  fr: {
    navigation: "Navigation principale",
    catalogue: "Catalogue",
    signIn: "Se connecter",
    register: "Créer un compte",
    firstName: "Prénom",
    lastName: "Nom",
    email: "Adresse électronique",
    identifier: "Identifiant",
    password: "Mot de passe",
    passwordAgain: "Confirmation du mot de passe",
    acceptPortalTerms: /accepte les conditions/,
    makeAccount: "Créer mon compte",
    checkMail: "Vérifiez votre courriel",
    confirmAddress: "Confirmer mon adresse",
    login: "Identifiant ou adresse électronique",
    dashboard: "Tableau de bord",
    hello: "Bonjour Camille",
    firstApplication: "Créer ma première application",
    general: "Général",
    applicationName: "Nom de l’application",
    description: "Description",
    domain: /^Domaine utilisé par l’application/,
    goOn: "Continuer",
    security: "Sécurité",
    simple: "Simple",
    subscription: "Souscription",
    withoutSubscription: "Continuer sans souscription",
    summary: "Récapitulatif",
    makeApplication: "Créer l’application",
    made: /^Bravo/,
    subscribe: "Souscrire",
    subscribing: "Souscrire à API Sirene",
    plan: "Accès public",
    next: "Suivant",
    chooseApplication: "Choix de l’application",
    comment: /^Laisser un commentaire/,
    acceptApiTerms: /accepte les conditions/,
    check: "Validation",
    obtain: "Souscrire et obtenir la clé",
    keyReady: "Votre clé est prête",
    key: "Clé pour API Sirene",
    applications: "Applications",
    subscriptions: /^Souscriptions/,
    show: "Afficher la clé entière",
    renew: "Renouveler la clé",
    renewed: /La nouvelle clé est prête/,
    revoke: "Révoquer la clé",
    revokeThis: /^Révoquer la clé qui finit par/,
    revoked: /La clé est révoquée/,
    issue: "Créer une nouvelle clé",
    documentation: "Documentation",
    console: /^Console/,
  },
  en: {
    navigation: "Main navigation",
    catalogue: "Catalogue",
    signIn: "Sign in",
    register: "Create an account",
    firstName: "First name",
    lastName: "Last name",
    email: "E-mail address",
    identifier: "Identifier",
    password: "Password",
    passwordAgain: "The same password again",
    acceptPortalTerms: /I accept the portal/,
    makeAccount: "Create my account",
    checkMail: "Check your mail",
    confirmAddress: "Confirm my address",
    login: "Identifier or e-mail address",
    dashboard: "Dashboard",
    hello: "Hello Camille",
    firstApplication: "Create my first application",
    general: "General",
    applicationName: "Name of the application",
    description: "Description",
    domain: /^Domain that the application uses/,
    goOn: "Continue",
    security: "Security",
    simple: "Simple",
    subscription: "Subscription",
    withoutSubscription: "Continue without a subscription",
    summary: "Summary",
    makeApplication: "Create the application",
    made: "Well done!",
    subscribe: "Subscribe",
    subscribing: "Subscribe to API Sirene",
    plan: "Accès public",
    next: "Next",
    chooseApplication: "Choice of the application",
    comment: /^Leave a comment/,
    acceptApiTerms: /I have read and accept/,
    check: "Validation",
    obtain: "Subscribe and get the key",
    keyReady: "Your key is ready",
    key: "Key for API Sirene",
    applications: "Applications",
    subscriptions: /^Subscriptions/,
    show: "Show the whole key",
    renew: "Renew the key",
    renewed: /The new key is ready/,
    revoke: "Revoke the key",
    revokeThis: /^Revoke the key ending in/,
    revoked: /The key is revoked/,
    issue: "Create a new key",
    documentation: "Documentation",
    console: /^Console/,
  },
};

/** The walks: how each goes. */
const WALKS = {
  "in French, without scripts": { language: "fr", as: "camille-fr" },
  "in English, without scripts": { language: "en", as: "camille-en" },
  "in French, by keyboard alone": { language: "fr", as: "camille-clavier", keyboard: true },
};

export default function declare() {
  describe("the walk from no account to the first call", { concurrency: 2 }, () => {
    for (const [name, walk] of Object.entries(WALKS)) {
      if (isLeftOut(`walk ${name}`)) continue;
      it(name, () => goes(name, walk));
    }
  });
}

async function goes(name, { language, as, keyboard = false }) {
  const context = await browser({ language, scripts: false, viewport: { width: 1280, height: 900 } });
  const walker = someone(await context.newPage(), WORDS[language], as, keyboard);
  const begun = Date.now();
  try {
    await registers(walker);
    await makesApplication(walker);
    const first = await subscribes(walker);
    assert.equal(await call(first), 200);
    note(`walk ${name}: first call after ${((Date.now() - begun) / 1000).toFixed(1)} s`, { pictures: walker.pictures });
    await findsKeyAgain(walker, first);
    const second = await renews(walker, first);
    await revokes(walker, second);
    const third = await obtainsAnother(walker);
    assert.deepEqual(walker.faults, []);
    await usesConsole(await context.storageState(), language, third);
  } finally {
    note(`walk ${name}`, { pictures: walker.pictures, faults: walker.faults });
    await context.close();
  }
}

/** A person at a tab. */
function someone(tab, words, as, keyboard) {
  const { faults } = watch(tab);
  const pictures = [];
  const act = keyboard ? byKeyboard(tab) : byPointer(tab);
  const navigation = tab.getByRole("navigation", { name: words.navigation });
  return {
    tab,
    words,
    as,
    faults,
    pictures,
    ...act,
    link: (name) => tab.getByRole("main").getByRole("link", { name, exact: true }),
    button: (name) => tab.getByRole("main").getByRole("button", { name, exact: true }),
    field: (label) => tab.getByLabel(label, { exact: true }),
    drawer: (name) => tab.locator("summary", { hasText: name }),
    inNavigation: (name) => navigation.getByRole("link", { name, exact: true }),
    /** Waits for the page with this title or part. */
    async arrives(title, step) {
      await tab.getByRole("heading", { name: title, exact: true }).first().waitFor();
      if (!step) return;
      const picture = `walk/${as}-${String(pictures.length + 1).padStart(2, "0")}-${step}.png`;
      await tab.screenshot({ path: `${kept}/${picture}`, fullPage: true });
      pictures.push(picture);
    },
  };
}

/** 1. From the API in the catalogue by the door to an account that is confirmed and signed in. */
async function registers({ tab, words, as, press, type, tick, link, button, field, inNavigation, arrives }) {
  await tab.goto("/");
  await press(inNavigation(words.catalogue));
  await press(link("API Sirene"));
  await arrives("API Sirene", "api");
  await press(tab.getByRole("banner").getByRole("link", { name: words.signIn, exact: true }));
  await arrives(words.signIn, "doors");
  await press(link(words.register));
  await arrives(words.register, "registration");
  const email = `${as}@exemple.fr`;
  await type(field(words.firstName), "Camille");
  await type(field(words.lastName), "Arnaud");
  await type(field(words.email), email);
  await type(field(words.identifier), as);
  await type(field(words.password), PASSWORD);
  await type(field(words.passwordAgain), PASSWORD);
  await tick(field(words.acceptPortalTerms));
  await press(button(words.makeAccount));
  await arrives(words.checkMail, "check-mail");
  await tab.goto(await linkTo("/verify-email", email));
  await press(button(words.confirmAddress));
  await arrives(words.signIn, "confirmed");
  await type(field(words.login), as);
  await type(field(words.password), PASSWORD);
  await press(button(words.signIn));
  await press(inNavigation(words.dashboard));
  await arrives(words.hello, "dashboard");
}

/** 2. The first application, without a subscription. */
async function makesApplication({ words, press, type, tick, link, button, field, arrives }) {
  await press(link(words.firstApplication));
  await arrives(words.general, "general");
  await type(field(words.applicationName), "MonApplication");
  await type(field(words.description), "MaDescription");
  await type(field(words.domain), "https://mon-application.fr");
  await press(button(words.goOn));
  await arrives(words.security, "security");
  await tick(field(words.simple));
  await press(button(words.goOn));
  await arrives(words.subscription, "subscription");
  await press(link(words.withoutSubscription));
  await arrives(words.summary, "summary");
  await press(button(words.makeApplication));
  await arrives(words.made, "made");
}

/** 3. The subscription, down to the key. */
async function subscribes({ tab, words, press, type, tick, link, button, field, inNavigation, arrives }) {
  await press(inNavigation(words.catalogue));
  await press(link("API Sirene"));
  await press(link(words.subscribe));
  await arrives(words.subscribing, "plan");
  await tick(field(words.plan));
  await press(button(words.next));
  await arrives(words.chooseApplication, "application");
  await type(field(words.comment), "Premiers essais.");
  await tick(field(words.acceptApiTerms));
  await press(button(words.next));
  await arrives(words.check, "check");
  await press(button(words.obtain));
  await arrives(words.keyReady, "key");
  return keyShown(tab, words);
}

/** 4. The key again, by the application and its subscriptions. */
async function findsKeyAgain({ tab, words, press, link, button, inNavigation, arrives }, key) {
  await press(inNavigation(words.applications));
  await press(link("MonApplication"));
  await arrives("MonApplication");
  await press(link(words.subscriptions));
  await press(link(/^API Sirene/));
  await press(button(words.show));
  assert.equal(await keyShown(tab, words), key);
  await arrives(words.key, "found-again");
}

/** Another key, which opens at once; the one before is admitted while programs are changed. */
async function renews({ tab, words, press, button, drawer }, before) {
  await press(drawer(words.renew));
  await press(button(words.renew));
  await tab.getByText(words.renewed).first().waitFor();
  const key = await keyShown(tab, words);
  assert.notEqual(key, before);
  assert.deepEqual([await call(key), await call(before)], [200, 200]);
  return key;
}

/** The end of a key, for good. */
async function revokes({ tab, words, press, button, drawer }, key) {
  await press(drawer(words.revoke));
  await press(button(words.revokeThis));
  await tab.getByText(words.revoked).first().waitFor();
  assert.equal(await call(key), 401);
}

async function obtainsAnother({ tab, words, press, button, arrives }) {
  await press(button(words.issue));
  await arrives(words.key, "another");
  const key = await keyShown(tab, words);
  assert.equal(await call(key), 200);
  return key;
}

/** 5. The console of the API, which needs scripts and is Swagger UI's own: the key, an operation, its answer. */
async function usesConsole(storageState, language, key) {
  const context = await browser({ language, storageState });
  try {
    const tab = await context.newPage();
    const { faults } = watch(tab);
    const { documentation, console: title } = WORDS[language];
    await tab.goto("/apis/sirene");
    await tab.getByRole("main").getByRole("link", { name: documentation, exact: true }).click();
    await tab.getByRole("main").getByRole("link", { name: title }).click();
    const console = tab.locator("#swagger-ui");
    await console.locator("button.authorize").first().click();
    const dialog = console.locator(".dialog-ux");
    await dialog.getByRole("textbox").first().fill(key);
    await dialog.locator("button.authorize").first().click();
    await dialog.locator("button.btn-done").first().click();
    const operation = console.locator(".opblock", { hasText: "/siret/{siret}" }).first();
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Try it out" }).click();
    await operation.locator("[data-param-name=siret] input").fill(API.try.split("/").at(-1));
    await operation.getByRole("button", { name: "Execute" }).click();
    await operation.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
    const picture = `walk/console-${language}.png`;
    await tab.screenshot({ path: `${kept}/${picture}`, fullPage: true });
    // The console calls the gateway: that is what it is for.
    const wrong = faults.filter((fault) => !fault.startsWith(`loads from elsewhere: ${demo.gateway}/`));
    note(`walk: the console in ${language}`, { pictures: [picture], faults: wrong });
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

/** The key on the page. */
async function keyShown(tab, words) {
  const card = tab.getByRole("region", { name: words.key });
  const text = (await card.locator("[id^=key-value]").first().textContent()).trim();
  assert.match(text, /^octroi_key_[0-9A-Za-z]+$/);
  return text;
}

/** What the gateway answers to a call with a key. */
async function call(key) {
  const answer = await fetch(API.base_url + API.try, { headers: { [API.credential.name]: key } });
  await answer.arrayBuffer();
  return answer.status;
}
