Statements of changing the set-up.

-- lock_keys --
-- One process at a time makes connections or applies a document; the number is this project's own.
SELECT pg_advisory_xact_lock(7301883, 1)
