Statements of the figures that are served to monitoring. None looks at rows of profiles.

-- store --
SELECT
    pg_database_size(current_database()),
    (SELECT CASE WHEN relpages > 0
        THEN reltuples * (pg_relation_size(oid) / current_setting('block_size')::integer) / relpages
        ELSE greatest(reltuples, 0) END FROM pg_class WHERE oid = 'store.profile'::regclass),
    (SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory' AND classid = 7301881 AND objid = 4 AND objsubid = 2 AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
    (SELECT coalesce(sum(greatest(child.reltuples, 0)), 0)
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = 'store.run_problem'::regclass)

-- upkeep --
SELECT what, extract(epoch FROM at)::double precision FROM store.upkeep

-- connections --
SELECT
    CASE WHEN NOT connection.active THEN 'off'
        WHEN connection.authorization_id IS NULL OR sign_in.lost_at IS NOT NULL THEN 'signed_out'
        ELSE 'on' END AS state,
    count(*)
FROM connections_connection AS connection
LEFT JOIN connections_authorization AS sign_in
    ON sign_in.id = connection.authorization_id
GROUP BY 1

-- ended --
SELECT state, count(*) FROM connections_run
WHERE NOT preview AND state IN ('finished', 'problems', 'failed', 'stopped')
GROUP BY 1

-- open --
SELECT state, count(*),
    extract(epoch FROM clock_timestamp() - min(coalesce(started_at, queued_at)))::double precision
FROM connections_run
WHERE NOT preview AND state IN ('queued', 'running', 'confirming', 'waiting', 'stopping')
GROUP BY 1

-- last_runs --
SELECT connection.key, last.id, last.state, extract(epoch FROM last.finished_at)::double precision,
    extract(epoch FROM last.finished_at - last.started_at)::double precision, last.api_calls
FROM (SELECT id, key FROM connections_connection ORDER BY id LIMIT %(most)s) AS connection
CROSS JOIN LATERAL (
    SELECT run.id, run.state, run.finished_at, run.started_at, run.api_calls
    FROM connections_run AS run
    WHERE run.connection_id = connection.id AND NOT run.preview AND run.finished_at IS NOT NULL
    ORDER BY run.number DESC
    LIMIT 1
) AS last

-- last_goals --
-- Of the runs that are named: what each goal did. So many at most.
SELECT part.run_id, part.key, part.direction, part.counts
FROM connections_rungoal AS part
WHERE part.run_id = ANY (%(runs)s)
ORDER BY part.id
LIMIT %(most)s

-- orgs --
SELECT org_id, calls_used, calls_limit, extract(epoch FROM measured_at)::double precision
FROM connections_org WHERE measured_at IS NOT NULL ORDER BY id LIMIT %(most)s

-- letters --
SELECT channel, count(*),
    extract(epoch FROM clock_timestamp() - min(written_at))::double precision
FROM connections_letter WHERE sent_at IS NULL AND given_up_at IS NULL GROUP BY 1

-- alerts --
SELECT kind, count(*) FROM connections_alert WHERE closed_at IS NULL GROUP BY 1
