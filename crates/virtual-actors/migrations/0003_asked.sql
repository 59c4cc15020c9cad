-- What a client asked by a command, which two tries have in common though their messages differ. Null for what no client
-- sent, and in answers of the version before.
ALTER TABLE actor_command ADD COLUMN asked uuid;
