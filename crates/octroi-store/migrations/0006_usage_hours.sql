-- Calls to one API by the hour, whoever made them: what a provider looks at would be a sum over every subscription's minutes.
CREATE TABLE usage_hours (
  api_id          TEXT NOT NULL,
  hour            {int} NOT NULL,
  outcome         TEXT NOT NULL,
  status          {int} NOT NULL,
  admitted        {int} NOT NULL,
  calls           {int} NOT NULL,
  bytes_in        {int} NOT NULL,
  bytes_out       {int} NOT NULL,
  duration_us     {int} NOT NULL,
  PRIMARY KEY (api_id, hour, outcome, status, admitted)
){strict};
CREATE INDEX usage_hours_hour ON usage_hours (hour);
INSERT INTO usage_hours (api_id, hour, outcome, status, admitted, calls, bytes_in, bytes_out, duration_us)
SELECT api_id, (minute / 3600000) * 3600000, outcome, status, admitted,
       CAST(SUM(calls) AS {int}), CAST(SUM(bytes_in) AS {int}), CAST(SUM(bytes_out) AS {int}), CAST(SUM(duration_us) AS {int})
FROM usage_minutes GROUP BY api_id, (minute / 3600000) * 3600000, outcome, status, admitted;
