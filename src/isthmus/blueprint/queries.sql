The set-up's own statements.

-- lock_run --
-- What a run of a connection holds; ours until the end of the transaction.
SELECT pg_try_advisory_xact_lock(%s, %s)
