// What there is in the demo for pages to show: made once, when the first page asks for it.
import { manage } from "./stage.mjs";

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
