-- The counts of a batch that was taken in as it came, until they are added to usage_minutes; null once they are.
ALTER TABLE usage_batches ADD COLUMN counts {bytes};
CREATE INDEX usage_batches_waiting ON usage_batches (received_at) WHERE counts IS NOT NULL;
