// What there is in the demo for pages to show: made once, when the first page asks for it.
import { demo, manage, tokenOf } from "./stage.mjs";

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

function pathOf(link) {
  const url = new URL(link);
  return url.pathname + url.search;
}

/** The sample provider's organization. */
const provider = once(async () => {
  const { items } = await manage("GET", "/organizations", undefined, await tokenOf("provider"));
  return items.find((organization) => organization.kind === "provider").id;
});

export const organization = async () => `/account/organizations/${await provider()}`;

/** A page about the sample provider's organization. */
export const organizationPage = (rest) => async () => (await organization()) + rest;

/** Its one member. */
export const member = async () => {
  const { items } = await manage("GET", `/organizations/${await provider()}/members`);
  return `${await organization()}/members/${items[0].account_id}`;
};

/** The demo's mails, of which there is one at least. */
export const mailbox = once(async () => {
  const somebody = {
    email: "lectrice@exemple.fr",
    identifier: "lectrice",
    first_name: "Lise",
    last_name: "Lectrice",
    password: "un pavillon de pierre blonde",
    accept_terms: true,
  };
  await manage("POST", "/accounts", somebody);
  for (;;) {
    if ((await fetch(`${demo.portal}/demo/mail/1`)).ok) return "/demo/mail";
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

/** One of them. */
export const mail = async () => `${await mailbox()}/1`;
