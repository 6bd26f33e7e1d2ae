-- Tickets: threads between those who use an API and those who provide it. Accounts are named by their identifiers without
-- a reference: a thread stays when its writer is erased, and its identifier then names nobody.

CREATE TABLE tickets (
  id             TEXT PRIMARY KEY,
  api_id         TEXT NOT NULL REFERENCES apis (id),
  account_id     TEXT NOT NULL,
  application_id TEXT REFERENCES applications (id),
  subject        TEXT NOT NULL,
  state          TEXT NOT NULL,
  -- how many messages it has
  messages       {int} NOT NULL,
  created_at     {int} NOT NULL,
  updated_at     {int} NOT NULL
){strict};
CREATE INDEX tickets_account ON tickets (account_id, id);
CREATE INDEX tickets_api ON tickets (api_id, id);
CREATE INDEX tickets_turn ON tickets (api_id, state, id);
CREATE INDEX tickets_application ON tickets (application_id, id);

CREATE TABLE ticket_messages (
  id         TEXT PRIMARY KEY,
  ticket_id  TEXT NOT NULL REFERENCES tickets (id),
  -- its place in the thread, from 1
  position   {int} NOT NULL,
  account_id TEXT NOT NULL,
  side       TEXT NOT NULL,
  body       TEXT NOT NULL,
  created_at {int} NOT NULL,
  UNIQUE (ticket_id, position)
){strict};
CREATE INDEX ticket_messages_account ON ticket_messages (account_id, id);
