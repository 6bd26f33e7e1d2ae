-- Browser sessions, and what people began in a form of several steps.

CREATE TABLE sessions (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL REFERENCES accounts (id),
  digest       {bytes} NOT NULL UNIQUE,
  -- what the browser says of itself, cut; and the network that it came from, the last part of the address left out
  agent        TEXT NOT NULL,
  network      TEXT NOT NULL,
  remembered   {int} NOT NULL,
  created_at   {int} NOT NULL,
  signed_in_at {int} NOT NULL,
  last_used_at {int} NOT NULL,
  expires_at   {int} NOT NULL,
  ended_at     {int}
){strict};
CREATE INDEX sessions_account ON sessions (account_id, id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE drafts (
  id         TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  kind       TEXT NOT NULL,
  content    TEXT NOT NULL,
  -- what the draft became: sent again, it leads there
  outcome    TEXT,
  updated_at {int} NOT NULL
){strict};
CREATE INDEX drafts_account ON drafts (account_id, id);
CREATE INDEX drafts_age ON drafts (updated_at);
