// What there is in the demo for pages to show: made once, when the first page asks for it.
import { manage, tokenOf } from "./stage.mjs";

/** Something that is made at most once. */
function once(make) {
  let made;
  return () => (made ??= make());
}

/** The page of an invitation. */
export const invitation = once(async () => {
  const invited = { email: "invitee@exemple.fr", portal_roles: ["officer"] };
  return pathOf((await manage("POST", "/invitations", invited)).url);
});

/** The API that the demo shows. */
const sirene = once(async () => manage("GET", "/apis/by-slug/sirene"));

/** A page of that API for its provider. */
export const provided = (part) => async () => `/provider/apis/${(await sirene()).id}/${part}`;

/** A subscription for the API's provider, waiting for a decision where the plan asks for one. */
export const subscriber = once(async () => {
  const found = await manage("GET", `/subscribers?api_id=${(await sirene()).id}`);
  return `/provider/subscriptions/${found.items[0].id}`;
});

/** A ticket of the developer's, with an answer. */
export const ticket = once(async () => {
  const opened = {
    api_id: (await sirene()).id,
    subject: "Erreur 503 le matin",
    body: "Bonjour,\n\n## Depuis lundi\n\n`GET /siret` répond **503**.\n\n| heure | statut |\n|---|---|\n| 9 h | 503 |\n\n```\ncurl …\n```",
  };
  const { id } = await manage("POST", "/tickets", opened, await tokenOf("developer"));
  await manage("POST", `/tickets/${id}/messages`, { body: "C’est réparé." }, await tokenOf("provider"));
  return `/tickets/${id}`;
});

/** The account of the developer, for the administrator. */
export const someAccount = once(async () => {
  const { id } = await manage("GET", "/me", undefined, await tokenOf("developer"));
  return `/admin/accounts/${id}`;
});

function pathOf(link) {
  const url = new URL(link);
  return url.pathname + url.search;
}
