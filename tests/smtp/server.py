"""A mail server for tests: takes mails on a free port of loopback and says on standard output, one JSON object a line,
first where it listens, then what came. It ends with its standard input.

Mails are read by Python's own parser: what it finds in them, other readers of mail find too.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(thing):
    print(json.dumps(thing), flush=True)


class Handler:
    """Answers one mail after the other as it was told, and takes the rest."""

    def __init__(self, answers):
        self.answers = list(answers)

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        answer = self.answers.pop(0) if self.answers else "take"
        if answer == "later":
            return "451 4.7.1 come back later"
        if answer == "never":
            link = next(line for line in parts["text/plain"].splitlines() if "://" in line)
            return f"554 5.7.1 <{envelope.rcpt_tos[0]}> refused: the mail links to {link} there"
        if answer == "gone":
            server.transport.abort()
            return "250 nobody hears this"
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "encrypted": server.transport.get_extra_info("ssl_object") is not None,
                "login": session.auth_data.login.decode() if session.auth_data else None,
                "kind": mail.get_content_type(),
                "headers": {name.lower(): str(value) for name, value in mail.items()},
                "defects": [str(defect) for part in mail.walk() for defect in part.defects],
                "ascii": envelope.content.isascii(),
                "text": parts.get("text/plain"),
                "html": parts.get("text/html"),
            }
        )
        return "250 taken"


def authenticator(login):
    wanted = tuple(login.encode().split(b":", 1))

    def check(server, session, envelope, mechanism, data):
        given = (data.login, data.password) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == wanted, handled=False, auth_data=data)

    return check


async def main():
    options = argparse.ArgumentParser()
    options.add_argument("--answers", default="", help="later, never, gone, take: for the first mails, in order")
    options.add_argument("--security", choices=["none", "starttls", "tls"], default="none")
    options.add_argument("--certificate")
    options.add_argument("--key")
    options.add_argument("--login", help="name:password, without which nobody is let in")
    given = options.parse_args()
    context = None
    if given.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.certificate, given.key)
    handler = Handler(answer for answer in given.answers.split(",") if answer)
    settings = {"hostname": "mail.test"}
    if given.security == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    if given.login:
        settings |= {
            "authenticator": authenticator(given.login),
            "auth_required": True,
            "auth_require_tls": given.security == "starttls",
        }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, loop=loop, **settings),
        host="127.0.0.1",
        port=0,
        ssl=context if given.security == "tls" else None,
    )
    say({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
