-- The histories this database has had. A restored backup begins another one: what was committed after the backup was
-- taken is a future that no longer exists, though its events may still be on their way.
CREATE TABLE actor_epoch (
    -- 0 is the first one; later ones are named by the second they began, so that no two are ever the same.
    epoch     bigint      PRIMARY KEY,
    -- The last position in the outbox that belongs to the history before.
    after_seq bigint      NOT NULL,
    began_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO actor_epoch (epoch, after_seq) VALUES (0, 0);

-- The backups that were taken. A copy's latest row is about the copy itself.
CREATE TABLE actor_backup (
    taken_at timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
    -- All positions up to this one, and no others, were committed when the copy was taken.
    last_seq bigint      NOT NULL
);
