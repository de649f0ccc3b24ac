Statements that tell what is known of one record, or of one profile, in one connection.

-- links --
SELECT goal.key AS goal, goal.direction, link.record_id, link.profile_id, link.object, link.reason,
    link.gone, link.successor, link.stamp, link.sent_at
FROM store.record_link AS link
JOIN connections_goal AS goal ON goal.id = link.goal
WHERE goal.connection_id = %(connection)s AND link.record_id = ANY (%(record_ids)s)
ORDER BY goal.position, link.record_id
LIMIT %(most)s

-- skips --
SELECT goal.key AS goal, skip.profile_id, skip.record_id, skip.reason, run.number AS since
FROM store.export_skip AS skip
JOIN connections_goal AS goal ON goal.id = skip.goal
LEFT JOIN connections_rungoal AS part ON part.id = skip.run_goal
LEFT JOIN connections_run AS run ON run.id = part.run_id
WHERE goal.connection_id = %(connection)s AND skip.profile_id = ANY (%(profiles)s)
ORDER BY goal.position, skip.profile_id
LIMIT %(most)s

-- holds --
SELECT goal.key AS goal, hold.profile_id, hold.failures, hold.code, hold.next_at
FROM store.export_hold AS hold
JOIN connections_goal AS goal ON goal.id = hold.goal
WHERE goal.connection_id = %(connection)s AND hold.profile_id = ANY (%(profiles)s)
ORDER BY goal.position, hold.profile_id
LIMIT %(most)s

-- entries --
-- Outcomes and problems, newest first. Of one moment, the problem comes before what it led to.
WITH noted AS (
    SELECT at, run_goal, 1 AS step, record_id, profile_id, outcome, reason,
        NULL AS field, NULL AS code, NULL AS message, NULL AS value
    FROM store.run_record
    WHERE record_id = ANY (%(record_ids)s)
    UNION
    SELECT at, run_goal, 1, record_id, profile_id, outcome, reason, NULL, NULL, NULL, NULL
    FROM store.run_record AS record
    WHERE record.profile_id = %(profile_id)s
        AND (record.record_id IS NULL OR record.outcome NOT IN ('created', 'updated', 'removed'))
    UNION
    SELECT at, run_goal, 0, record_id, profile_id, NULL, NULL, field, code, message, value
    FROM store.run_problem
    WHERE record_id = ANY (%(record_ids)s)
    UNION
    SELECT at, run_goal, 0, record_id, profile_id, NULL, NULL, field, code, message, value
    FROM store.run_problem
    WHERE profile_id = %(profile_id)s
)
SELECT noted.at, noted.run_goal, noted.step, part.key AS goal, part.direction, run.number AS run,
    noted.record_id, noted.profile_id, noted.outcome, noted.reason, noted.field, noted.code,
    noted.message, noted.value
FROM noted
JOIN connections_rungoal AS part ON part.id = noted.run_goal
JOIN connections_run AS run ON run.id = part.run_id
WHERE run.connection_id = %(connection)s
    AND (
        %(after_at)s::timestamptz IS NULL
        OR (noted.at, noted.run_goal, noted.step, coalesce(noted.field, ''))
        < (%(after_at)s::timestamptz, %(after_goal)s::integer, %(after_step)s::integer,
            %(after_field)s::text)
    )
ORDER BY noted.at DESC, noted.run_goal DESC, noted.step DESC, coalesce(noted.field, '') DESC
LIMIT %(most)s
