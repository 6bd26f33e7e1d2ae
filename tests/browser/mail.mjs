// The demo's mailbox: each mail is a file.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { demo } from "./stage.mjs";

const PATIENCE = 15_000;

/** The link to `path` in the newest mail to an address, once that mail is there. */
export async function linkTo(path, address) {
  for (let waited = 0; waited < PATIENCE; waited += 50) {
    const link = await newest(path, address);
    if (link) return link;
    await pause(50);
  }
  throw new Error(`no mail to ${address} with a link to ${path} in ${demo.mail_dir}`);
}

async function newest(path, address) {
  const names = (await readdir(demo.mail_dir)).filter((name) => name.endsWith(".eml")).sort().reverse();
  for (const name of names) {
    const mail = text(await readFile(join(demo.mail_dir, name), "utf8"));
    const recipient = /^To:.*$/im.exec(mail)?.[0] ?? "";
    const [, rest] = mail.split(`${demo.portal}${path}?`);
    if (!recipient.includes(address) || rest === undefined) continue;
    const query = /^[^\s"<>]+/.exec(rest)?.[0] ?? "";
    return `${demo.portal}${path}?${query.replaceAll("&amp;", "&")}`;
  }
  return undefined;
}

/** A mail without the marks of quoted-printable, where it has them. */
function text(mail) {
  if (!/^Content-Transfer-Encoding: quoted-printable/im.test(mail)) return mail;
  return mail.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
}
