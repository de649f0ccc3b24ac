The set-up's own statements.

-- lock_setup --
-- One process at a time applies a document; the number is this project's own and means only that.
SELECT pg_advisory_xact_lock(7301883, 1)

-- lock_run --
-- What a run of a connection holds; ours until the end of the transaction.
SELECT pg_try_advisory_xact_lock(%s, %s)
