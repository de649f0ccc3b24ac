What an import has begun, and what it asks Salesforce. `run_goal` is a row id.

-- read_begun --
SELECT begun, window_from, window_to, position, counts
FROM connections_rungoal
WHERE id = %(run_goal)s

-- begin --
UPDATE connections_rungoal
SET begun = %(begun)s, window_from = %(since)s, window_to = %(until)s, position = NULL,
    counts = '{}'
WHERE id = %(run_goal)s

-- keep_slots --
UPDATE connections_goal SET slots = %(slots)s WHERE id = %(goal)s

-- forget_problems --
-- Everything is applied anew, and what does not fit is found again.
DELETE FROM store.run_problem WHERE run_goal = %(run_goal)s

-- forget_ended --
-- What is left of goals that failed, were stopped or are deleted.
DELETE FROM store.import_query
WHERE run_goal NOT IN (
    SELECT id
    FROM connections_rungoal
    WHERE state IN ('queued', 'running', 'confirming', 'waiting', 'stopping')
)

-- advance --
UPDATE connections_goal
SET read_until = %(read_until)s, read_version = %(version)s
WHERE id = %(goal)s

-- read_again --
UPDATE store.record_link
SET hash = NULL
WHERE record_id = %(record_id)s AND goal = %(goal)s AND gone IS NULL AND hash IS NOT NULL
    AND EXISTS (
        SELECT FROM connections_goal AS goal
        JOIN connections_connection AS connection ON connection.id = goal.connection_id
        WHERE goal.id = %(goal)s
            AND (
                goal.read_until IS NULL OR goal.read_version <> goal.version
                OR record_link.stamp
                    >= goal.read_until - connection.overlap_seconds * interval '1 second'
            )
    )

-- end --
UPDATE connections_rungoal
SET begun = %(begun)s, counts = %(counts)s
WHERE id = %(run_goal)s

-- forget_begun --
-- Of a preview: where it is done again, it is done from the beginning.
UPDATE connections_rungoal SET begun = NULL WHERE id = %(run_goal)s

-- forget_queries --
DELETE FROM store.import_query WHERE run_goal = %(run_goal)s RETURNING job_id

-- add_query --
INSERT INTO store.import_query (run_goal, condition, by_id, low, high, level)
VALUES (%(run_goal)s, %(condition)s, %(by_id)s, %(low)s, %(high)s, %(level)s)

-- read_queries --
-- Those narrowed down most come first: where even they take too long, that is known soon.
SELECT id, condition, by_id, low, high, level, job_id, records, counted
FROM store.import_query
WHERE run_goal = %(run_goal)s
ORDER BY level DESC, id

-- keep_job --
UPDATE store.import_query SET job_id = %(job_id)s, records = NULL WHERE id = %(query)s

-- keep_staged --
UPDATE store.import_query
SET records = %(records)s, counted = %(counted)s
WHERE id = %(query)s

-- forget_query --
DELETE FROM store.import_query WHERE id = %(query)s

-- forget_jobs --
UPDATE store.import_query SET job_id = NULL, records = NULL WHERE run_goal = %(run_goal)s
