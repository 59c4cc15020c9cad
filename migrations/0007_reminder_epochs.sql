-- In which epoch a generation was given out. After a restored backup generations are given out again; their mails must
-- not look like repetitions of those that the lost future has sent.
ALTER TABLE reminder ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
