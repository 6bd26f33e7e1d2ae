// What there is in the demo for pages to show: made once, when the first page asks for it.
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

/** A picture of the API: the portal's own mark. */
export const picture = once(async () => {
  const context = await browser();
  const tab = await context.newPage();
  await tab.goto("/");
  const png = await tab.locator("header svg").first().screenshot();
  await context.close();
  const { id } = await sirene();
  await manage("PUT", `/apis/${id}/picture`, { type: "image/png", bytes: png });
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
      body: "Bonjour,\n\nl’appel suivant répond **404** :\n\n```\nGET /siret/99990100200017\n```",
    },
    await tokenOf("developer"),
  );
  await manage("POST", `/tickets/${opened.id}/messages`, { body: "C’est corrigé, merci." }, await tokenOf("provider"));
  return opened;
});

/** The page of an invitation. */
export const invitation = once(async () => {
  const invited = { email: "invitee@exemple.fr", portal_roles: ["officer"] };
  const url = new URL((await manage("POST", "/invitations", invited)).url);
  return url.pathname + url.search;
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
