// What there is in the demo for pages to show: made once, when the first page asks for it.
import { setTimeout as pause } from "node:timers/promises";

import { account, browser, demo, manage, tokenOf } from "./stage.mjs";

/** Something that is made at most once. */
function once(make) {
  let made;
  return () => (made ??= make());
}

/** The API of the demo. */
export const sirene = once(() => manage("GET", "/apis/by-slug/sirene"));

/** Where its pages are. */
export async function ofSirene(rest = "") {
  const { slug, version } = await sirene();
  return `/apis/${slug}/${version}${rest}`;
}

/** A picture to give to something: the portal's own mark. */
const mark = once(() =>
  inTab("stranger", async (tab) => {
    await tab.goto("/");
    return tab.locator("header svg").first().screenshot();
  }),
);

/** Works in a tab of its own. */
async function inTab(person, work) {
  const context = await browser({ person });
  try {
    return await work(await context.newPage());
  } finally {
    await context.close();
  }
}

/** A picture of the API. */
export const picture = once(async () => {
  const { id } = await sirene();
  await manage("PUT", `/apis/${id}/picture`, { type: "image/png", bytes: await mark() });
});

/** The developer's application and its subscription, which has been used: admitted, refused, over the limit. */
export const subscribed = once(async () => {
  const mine = await manage("GET", "/subscriptions?state=active", undefined, await tokenOf("developer"));
  const subscription = mine.items.find((item) => item.api.slug === "sirene");
  const { base_url: base, try: path, credential } = demo.apis.find((api) => api.slug === "sirene");
  for (let call = 0; call < 34; call += 1) {
    await fetch(base + path, { headers: { [credential.name]: credential.value } });
  }
  return subscription;
});

/** An application of the editor's, whose subscription waits for the provider's answer. */
export const pending = once(async () => {
  const api = await sirene();
  const editor = await tokenOf("editor");
  const described = { name: "Annuaire des commerces", description: "Les commerces d’une ville, sur une carte." };
  const { application } = await manage("POST", "/applications", described, editor);
  const plan = api.plans.find((plan) => plan.validation === "manual");
  const asked = {
    application_id: application.id,
    plan_id: plan.id,
    comment: "Nous parcourons tout le répertoire chaque nuit.\n\nMerci de votre réponse.",
    accepted_terms: api.terms?.digest,
  };
  return (await manage("POST", "/subscriptions", asked, editor)).subscription;
});

/** Where the developer's subscription is shown. */
export async function subscription() {
  const { id, application } = await subscribed();
  return `/applications/${application.id}/subscriptions/${id}`;
}

/** The developer's key. */
export async function key() {
  const { id } = await subscribed();
  return (await manage("GET", `/subscriptions/${id}/credentials`, undefined, await tokenOf("developer"))).items[0].id;
}

/** A picture of the developer's application. */
export const applicationPicture = once(async () => {
  const { application } = await subscribed();
  const file = { type: "image/png", bytes: await mark() };
  await manage("PUT", `/applications/${application.id}/picture`, file, await tokenOf("developer"));
});

/** An application of the developer's that is an OAuth2 client. */
export const client = once(async () => {
  const described = { name: "Serveur", description: "Met à jour la carte.", kind: "backend_to_backend" };
  return (await manage("POST", "/applications", described, await tokenOf("developer"))).application;
});

/** Where the form of a new application of the developer's is, filled in to its last step. */
export const applicationDraft = once(() =>
  inTab("developer", async (tab) => {
    await tab.goto("/applications/new");
    await tab.locator("#name").fill("Carte des commerces");
    await tab.locator("#description").fill("Une carte pour les habitants.");
    await tab.locator("#picture").setInputFiles({ name: "mark.png", mimeType: "image/png", buffer: await mark() });
    await goOn(tab, "/security");
    await goOn(tab, "/subscription");
    return new URL(tab.url()).pathname.replace("/subscription", "");
  }),
);

/** The steps of a subscription of the editor's, filled in to the last. */
export const subscriptionDraft = once(async () => {
  await pending();
  // One that has not asked for the API yet: another leads to what it has.
  const described = { name: "Registre des marchés", description: "Les marchés de plein air." };
  const { application: chosen } = await manage("POST", "/applications", described, await tokenOf("editor"));
  return inTab("editor", async (tab) => {
    await tab.goto(await ofSirene("/subscribe"));
    await goOn(tab, "/subscribe/application");
    const application = pathOf(tab.url());
    await tab.locator("#application").selectOption(chosen.id);
    await tab.locator("label[for=accept_terms]").click();
    await goOn(tab, "/subscribe/check");
    return { application, check: pathOf(tab.url()) };
  });
});

/** Sends the form of a step, which leads to the page whose path ends so. */
async function goOn(tab, end) {
  await tab.locator("main form button.btn--gate").click();
  await tab.waitForURL((url) => url.pathname.endsWith(end));
}

function pathOf(address) {
  const url = new URL(address);
  return url.pathname + url.search;
}

/** A mail that was sent, as the demo shows it. */
export const mail = once(async () => {
  await pending();
  return inTab("stranger", async (tab) => {
    const link = tab.locator("main a[href^='/demo/mail/']").first();
    for (let tries = 0; tries < 20; tries += 1) {
      await tab.goto("/demo/mail");
      if ((await link.count()) > 0) return link.getAttribute("href");
      await pause(250);
    }
    throw new Error("the demo shows no mail");
  });
});

/** A ticket of the developer's, answered by the provider. */
export const ticket = once(async () => {
  const { id } = await sirene();
  const { application } = await subscribed();
  const opened = await manage(
    "POST",
    "/tickets",
    {
      api_id: id,
      application_id: application.id,
      subject: "Réponse 404 pour un établissement qui existe",
      body: "Bonjour,\n\n## Depuis lundi\n\nl’appel suivant répond **404** :\n\n```\nGET /siret/99990100200017\n```\n\n| heure | statut |\n|---|---|\n| 9 h | 404 |",
    },
    await tokenOf("developer"),
  );
  await manage("POST", `/tickets/${opened.id}/messages`, { body: "C’est corrigé, merci." }, await tokenOf("provider"));
  return opened;
});

/** A partner of the officer's, with a key where a plan lets officers issue one. */
export const partner = once(async () => {
  const by = await tokenOf("officer");
  const made = await manage("POST", "/partners", { name: "Les Bénévoles du Canal", slug: "benevoles-du-canal" }, by);
  for (const { plan_id } of (await manage("GET", "/partner-plans", undefined, by)).items) {
    await manage("POST", `/partners/${made.partner.id}/keys`, { plan_id }, by);
  }
  return made;
});

/** The page of an invitation. */
export const invitation = once(async () => {
  const invited = { email: "invitee@exemple.fr", portal_roles: ["officer"] };
  return pathOf((await manage("POST", "/invitations", invited)).url);
});

/** The account of a sample person. */
export const accountOf = async (role) => (await manage("GET", "/me", undefined, await tokenOf(role))).id;

/** The organization that a sample person belongs to beside the personal one. */
export async function organizationOf(role) {
  const { items } = await manage("GET", "/organizations", undefined, await tokenOf(role));
  const found = items.find((organization) => organization.kind !== "personal");
  if (!found) throw new Error(`${account(role).email} belongs to no organization`);
  return found.id;
}
