The set-up's own statements.

-- lock_setup --
-- One process at a time applies a document; the number is this project's own and means only that.
SELECT pg_advisory_xact_lock(7301883, 1)
