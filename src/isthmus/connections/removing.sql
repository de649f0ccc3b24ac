Statements that take connections and goals away, with all that only they knew.

-- hold_run --
-- What a run of a connection holds; ours until the end of the transaction.
SELECT pg_try_advisory_xact_lock(%(lock)s, %(connection)s)

-- run_goals --
SELECT part.id
FROM connections_rungoal AS part
JOIN connections_run AS run ON run.id = part.run_id
WHERE run.connection_id = %(connection)s

-- delete_exchanged --
DELETE FROM store.exchanged_profile
WHERE goal IN (SELECT goal FROM store.exchanged_sum WHERE connection = %(connection)s)

-- delete_exchanged_sums --
DELETE FROM store.exchanged_sum WHERE connection = %(connection)s

-- delete_exchanged_gone --
DELETE FROM store.exchanged_gone WHERE connection = %(connection)s

-- keep_exchanged --
-- What a goal exchanged counts for its connection when the goal is gone.
INSERT INTO store.exchanged_gone (goal, connection, exported, key, name)
SELECT id, connection_id, direction = 'export', key, coalesce(document ->> 'name', '')
FROM connections_goal
WHERE id = %(goal)s
    AND EXISTS (SELECT FROM store.exchanged_sum WHERE connection = connection_id AND goal = id)

-- hand_on_alerts --
-- An alert of a sign-in that others share goes on as theirs, and is told to nobody again.
UPDATE connections_alert AS alert
SET connection_id = other.id
FROM (
    SELECT shared.id AS alert, min(connection.id) AS id
    FROM connections_alert AS shared
    CROSS JOIN LATERAL jsonb_array_elements(shared.facts -> 'connections') AS each
    JOIN connections_connection AS connection ON connection.id = each::integer
    WHERE shared.connection_id = %(connection)s AND shared.facts ? 'connections'
        AND connection.id <> %(connection)s
    GROUP BY shared.id
) AS other
WHERE alert.id = other.alert

-- delete_letters --
-- Those that wait as well: what they lead to is no more.
DELETE FROM connections_letter AS letter
WHERE letter.connection_id = %(connection)s
    OR letter.run_id IN (SELECT id FROM connections_run WHERE connection_id = %(connection)s)
    OR letter.asks_id IN (
        SELECT part.id
        FROM connections_rungoal AS part
        JOIN connections_run AS run ON run.id = part.run_id
        WHERE run.connection_id = %(connection)s
    )
    OR letter.alert_id IN (SELECT id FROM connections_alert WHERE connection_id = %(connection)s)

-- delete_alerts --
DELETE FROM connections_alert WHERE connection_id = %(connection)s

-- delete_parts --
DELETE FROM connections_rungoal AS part
USING connections_run AS run
WHERE run.id = part.run_id AND run.connection_id = %(connection)s

-- delete_runs --
DELETE FROM connections_run WHERE connection_id = %(connection)s

-- delete_goals --
DELETE FROM connections_goal WHERE connection_id = %(connection)s

-- delete_attempts --
DELETE FROM connections_signinattempt WHERE connection_id = %(connection)s

-- delete_favourites --
DELETE FROM connections_connection_favoured_by WHERE connection_id = %(connection)s

-- delete_connection --
DELETE FROM connections_connection WHERE id = %(connection)s
