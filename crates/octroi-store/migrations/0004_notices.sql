-- Mails that tell of a key's end, so many days before it: each is noted in the commit that sends it, and never sent again.
CREATE TABLE key_notices (
  credential_id TEXT NOT NULL REFERENCES credentials (id),
  days          {int} NOT NULL,
  sent_at       {int} NOT NULL,
  PRIMARY KEY (credential_id, days)
){strict};

-- What ends soon is found without reading what does not.
CREATE INDEX credentials_end ON credentials (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX subscriptions_end ON subscriptions (ends_at) WHERE ends_at IS NOT NULL;
