Statements of workers. Their lock is shared by all of them, and ends with the session.

-- announce --
SELECT pg_advisory_lock_shared(7301881, 4)

-- depart --
SELECT pg_advisory_unlock_shared(7301881, 4)

-- any_works --
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 7301881 AND objid = 4 AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)

-- worker_names --
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, %(name)s || ' ')

-- forget_news --
-- Its events go with it.
DELETE FROM procrastinate_jobs
WHERE id IN (
    SELECT job.id FROM procrastinate_jobs AS job
    JOIN procrastinate_events AS event ON event.job_id = job.id
    WHERE job.queue_name = %(queue)s AND job.status <> 'doing'
    GROUP BY job.id
    HAVING max(event.at) < now() - interval '1 day'
    ORDER BY job.id
    LIMIT %(most)s
)

-- due --
-- Connections with a run that can go on and that no process works on: `executing.next_due` says
-- which run that is.
SELECT connection.id, connection.key, coalesce(going.number, preview.number, queued.number) AS run
FROM connections_connection AS connection
LEFT JOIN connections_run AS going ON going.connection_id = connection.id
    AND going.state IN ('running', 'confirming', 'waiting', 'stopping') AND NOT going.preview
LEFT JOIN connections_run AS preview ON preview.connection_id = connection.id
    AND preview.state IN ('running', 'confirming', 'waiting', 'stopping') AND preview.preview
LEFT JOIN LATERAL (
    -- Runs and previews take turns; one that waits for a yes keeps only runs back.
    SELECT each.id, each.number
    FROM connections_run AS each
    WHERE each.connection_id = connection.id AND each.state = 'queued'
        AND (going.id IS NULL OR going.state = 'confirming' AND each.preview)
    ORDER BY each.queued_at, each.id
    LIMIT 1
) AS queued ON true
WHERE (
        CASE
            -- One that nobody agreed to in time is ended by whoever comes to it.
            WHEN going.state = 'confirming' THEN coalesce(going.confirm_until <= now(), false)
            ELSE going.id IS NOT NULL AND (going.wait_until IS NULL OR going.wait_until <= now())
        END
        OR preview.id IS NOT NULL AND (preview.wait_until IS NULL OR preview.wait_until <= now())
        OR preview.id IS NULL AND queued.id IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND classid = {lock} AND objid = connection.id::oid
            AND objsubid = 2 AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    -- A store that was restored is held until somebody lets it go on.
    AND NOT EXISTS (SELECT FROM store.upkeep WHERE what = 'held')
ORDER BY connection.id
