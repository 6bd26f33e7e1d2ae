-- Partner organizations: the deployment officer who looks after one, and since when it is suspended.
CREATE TABLE partners (
  organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
  officer_id      TEXT,
  suspended_at    {int}
){strict};
