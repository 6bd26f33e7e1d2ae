-- Partner organizations that a deployment officer looks after.
CREATE TABLE partners (
  organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
  officer_id      TEXT NOT NULL
){strict};
