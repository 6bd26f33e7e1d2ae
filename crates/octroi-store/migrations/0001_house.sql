-- The first schema. Times are milliseconds since the Unix epoch; identifiers are prefixed ULIDs as text; JSON is text.
-- Written once for both databases: {int}, {bytes} and {strict} are replaced by each one's own words.

-- One row. Its lock orders every commit that gateways or the audit trail must see in order.
CREATE TABLE heads (
  id             {int} PRIMARY KEY CHECK (id = 1),
  revision       {int} NOT NULL,
  audit_sequence {int} NOT NULL,
  audit_digest   TEXT NOT NULL
){strict};
INSERT INTO heads VALUES (1, 0, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- What changed at each revision: the feed that gateways follow.
CREATE TABLE changes (
  revision {int} NOT NULL,
  position {int} NOT NULL,
  kind     TEXT NOT NULL,
  object   TEXT NOT NULL,
  PRIMARY KEY (revision, position)
){strict};

CREATE TABLE audit (
  sequence {int} PRIMARY KEY,
  at       {int} NOT NULL,
  actor    TEXT NOT NULL,
  action   TEXT NOT NULL,
  object   TEXT NOT NULL,
  details  TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest   TEXT NOT NULL
){strict};
CREATE INDEX audit_object ON audit (object, sequence);

-- Fingerprints of the keys that stand outside the database, and the like.
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
){strict};

CREATE TABLE organizations (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  slug        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  sealing_key {bytes},
  created_at  {int} NOT NULL,
  edition     {int} NOT NULL
){strict};

CREATE TABLE accounts (
  id              TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  email           TEXT NOT NULL,
  email_key       TEXT NOT NULL UNIQUE,
  identifier      TEXT NOT NULL,
  identifier_key  TEXT NOT NULL UNIQUE,
  first_name      TEXT NOT NULL,
  last_name       TEXT NOT NULL,
  language        TEXT NOT NULL,
  state           TEXT NOT NULL,
  portal_roles    TEXT NOT NULL,
  password_hash   TEXT,
  terms_version   TEXT,
  created_at      {int} NOT NULL,
  edition         {int} NOT NULL
){strict};

CREATE TABLE memberships (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  account_id      TEXT NOT NULL REFERENCES accounts (id),
  role            TEXT NOT NULL,
  since           {int} NOT NULL,
  PRIMARY KEY (organization_id, account_id)
){strict};
CREATE INDEX memberships_account ON memberships (account_id);

-- Links sent by mail or printed by the command line. The digest of the secret, never the secret.
CREATE TABLE links (
  id         TEXT PRIMARY KEY,
  digest     {bytes} NOT NULL UNIQUE,
  purpose    TEXT NOT NULL,
  account_id TEXT REFERENCES accounts (id),
  email      TEXT NOT NULL,
  payload    TEXT NOT NULL,
  created_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  used_at    {int}
){strict};
CREATE INDEX links_account ON links (account_id, purpose);
CREATE INDEX links_expiry ON links (expires_at);

CREATE TABLE management_tokens (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL REFERENCES accounts (id),
  name         TEXT NOT NULL,
  digest       {bytes} NOT NULL UNIQUE,
  hint         TEXT NOT NULL,
  scopes       TEXT NOT NULL,
  created_at   {int} NOT NULL,
  signed_in_at {int},
  expires_at   {int} NOT NULL,
  last_used_at {int},
  revoked_at   {int}
){strict};
CREATE INDEX management_tokens_account ON management_tokens (account_id);

CREATE TABLE apis (
  id              TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  slug            TEXT NOT NULL,
  version         TEXT NOT NULL,
  name            TEXT NOT NULL,
  state           TEXT NOT NULL,
  listing         TEXT NOT NULL,
  presentation    TEXT NOT NULL,
  gateway         TEXT NOT NULL,
  -- host and path that the gateway serves; none once retired, so that another API may take the place
  route_key       TEXT UNIQUE,
  terms           TEXT,
  created_at      {int} NOT NULL,
  updated_at      {int} NOT NULL,
  edition         {int} NOT NULL,
  UNIQUE (slug, version)
){strict};
CREATE INDEX apis_organization ON apis (organization_id);

CREATE TABLE plans (
  id         TEXT PRIMARY KEY,
  api_id     TEXT NOT NULL REFERENCES apis (id),
  slug       TEXT NOT NULL,
  definition TEXT NOT NULL,
  state      TEXT NOT NULL,
  position   {int} NOT NULL,
  UNIQUE (api_id, slug)
){strict};

CREATE TABLE pages (
  id       TEXT PRIMARY KEY,
  api_id   TEXT NOT NULL REFERENCES apis (id),
  slug     TEXT NOT NULL,
  language TEXT NOT NULL,
  title    TEXT NOT NULL,
  markdown TEXT NOT NULL,
  position {int} NOT NULL,
  UNIQUE (api_id, slug, language)
){strict};

-- Files of an API or an application: its OpenAPI document, its picture.
CREATE TABLE documents (
  object       TEXT NOT NULL,
  kind         TEXT NOT NULL,
  content_type TEXT NOT NULL,
  digest       TEXT NOT NULL,
  body         {bytes} NOT NULL,
  PRIMARY KEY (object, kind)
){strict};

CREATE TABLE applications (
  id              TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name            TEXT NOT NULL,
  description     TEXT NOT NULL,
  domain          TEXT,
  kind            TEXT NOT NULL,
  client_id       TEXT,
  state           TEXT NOT NULL,
  created_by      TEXT NOT NULL,
  created_at      {int} NOT NULL,
  edition         {int} NOT NULL
){strict};
CREATE INDEX applications_organization ON applications (organization_id, id);
CREATE UNIQUE INDEX applications_client ON applications (client_id) WHERE kind = 'backend_to_backend';

CREATE TABLE subscriptions (
  id             TEXT PRIMARY KEY,
  application_id TEXT NOT NULL REFERENCES applications (id),
  api_id         TEXT NOT NULL REFERENCES apis (id),
  plan_id        TEXT NOT NULL REFERENCES plans (id),
  state          TEXT NOT NULL,
  comment        TEXT NOT NULL,
  accepted_terms TEXT,
  reason         TEXT,
  created_at     {int} NOT NULL,
  decided_at     {int},
  ends_at        {int},
  edition        {int} NOT NULL
){strict};
CREATE INDEX subscriptions_application ON subscriptions (application_id, id);
CREATE INDEX subscriptions_api ON subscriptions (api_id, state, id);
CREATE INDEX subscriptions_api_age ON subscriptions (api_id, id);
CREATE INDEX subscriptions_plan ON subscriptions (plan_id);
CREATE UNIQUE INDEX subscriptions_open ON subscriptions (application_id, api_id)
  WHERE state IN ('pending', 'active', 'paused');

CREATE TABLE credentials (
  id              TEXT PRIMARY KEY,
  kind            TEXT NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  application_id  TEXT NOT NULL REFERENCES applications (id),
  subscription_id TEXT REFERENCES subscriptions (id),
  hint            TEXT NOT NULL,
  scheme          TEXT NOT NULL,
  digest          {bytes} NOT NULL UNIQUE,
  sealed          {bytes},
  state           TEXT NOT NULL,
  replaced_by     TEXT,
  created_at      {int} NOT NULL,
  expires_at      {int},
  revoked_at      {int},
  edition         {int} NOT NULL
){strict};
CREATE INDEX credentials_application ON credentials (application_id, id);
CREATE INDEX credentials_subscription ON credentials (subscription_id, id);

CREATE TABLE signing_keys (
  id         TEXT PRIMARY KEY,
  sealed     {bytes} NOT NULL,
  public_x   TEXT NOT NULL,
  public_y   TEXT NOT NULL,
  created_at {int} NOT NULL,
  retired_at {int}
){strict};

-- Batches of counts already taken in: a repeated one changes nothing.
CREATE TABLE usage_batches (
  gateway     TEXT NOT NULL,
  boot        TEXT NOT NULL,
  sequence    {int} NOT NULL,
  received_at {int} NOT NULL,
  PRIMARY KEY (gateway, boot, sequence)
){strict};

-- Calls per minute. An empty identifier stands for none.
CREATE TABLE usage_minutes (
  minute          {int} NOT NULL,
  api_id          TEXT NOT NULL,
  subscription_id TEXT NOT NULL,
  credential_id   TEXT NOT NULL,
  outcome         TEXT NOT NULL,
  status          {int} NOT NULL,
  admitted        {int} NOT NULL,
  calls           {int} NOT NULL,
  bytes_in        {int} NOT NULL,
  bytes_out       {int} NOT NULL,
  duration_us     {int} NOT NULL,
  PRIMARY KEY (subscription_id, minute, api_id, credential_id, outcome, status, admitted)
){strict};
CREATE INDEX usage_minutes_api ON usage_minutes (api_id, minute);

CREATE TABLE jobs (
  id           TEXT PRIMARY KEY,
  kind         TEXT NOT NULL,
  payload      TEXT NOT NULL,
  state        TEXT NOT NULL,
  run_at       {int} NOT NULL,
  attempts     {int} NOT NULL,
  locked_until {int},
  last_error   TEXT,
  created_at   {int} NOT NULL
){strict};
CREATE INDEX jobs_ready ON jobs (state, run_at);

-- Answers already given to a request that carried an Idempotency-Key, sealed: they may hold a secret.
CREATE TABLE idempotency (
  actor      TEXT NOT NULL,
  key        TEXT NOT NULL,
  request    TEXT NOT NULL,
  answer     {bytes} NOT NULL,
  created_at {int} NOT NULL,
  PRIMARY KEY (actor, key)
){strict};
CREATE INDEX idempotency_age ON idempotency (created_at);

-- The portal's own terms of use.
CREATE TABLE terms (
  version      TEXT PRIMARY KEY,
  body         TEXT NOT NULL,
  published_at {int} NOT NULL
){strict};
