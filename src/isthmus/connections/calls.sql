API calls of orgs, as they are set aside and given back. Whoever sets calls aside holds the org's row
while it looks how many there are, so that two never take the same ones.

-- know --
INSERT INTO connections_org (org_id, share_percent, others_used)
VALUES (%(org)s, %(share)s, 0)
ON CONFLICT (org_id) DO NOTHING

-- hold --
SELECT id, share_percent, calls_limit, others_used, measured_at
FROM connections_org
WHERE org_id = %(org)s
FOR NO KEY UPDATE

-- now --
-- The moment once the row is held, which may be long after the transaction began.
SELECT clock_timestamp()

-- hours --
SELECT hour, sum(calls)::bigint
FROM connections_orgcalls
WHERE org_id = %(id)s AND hour > %(after)s
GROUP BY hour

-- set_aside --
INSERT INTO connections_orgcalls (org_id, connection, hour, calls)
VALUES (%(id)s, %(connection)s, %(hour)s, %(calls)s)
ON CONFLICT (org_id, connection, hour)
DO UPDATE SET calls = connections_orgcalls.calls + excluded.calls

-- give_back --
UPDATE connections_orgcalls AS given
SET calls = greatest(given.calls - %(calls)s, 0)
FROM connections_org AS org
WHERE org.org_id = %(org)s AND given.org_id = org.id AND given.connection = %(connection)s
    AND given.hour = %(hour)s

-- measure --
-- What the org says includes our own calls, but not those that are set aside and not sent yet; what
-- is over was made by others.
UPDATE connections_org AS org
SET calls_limit = %(limit)s, calls_used = %(used)s::bigint, measured_at = %(now)s,
    others_used = greatest(%(used)s::bigint + %(unsent)s::bigint - coalesce((
        SELECT sum(ours.calls)
        FROM connections_orgcalls AS ours
        WHERE ours.org_id = org.id AND ours.hour > %(after)s
    ), 0), 0)
WHERE org.org_id = %(org)s

-- by_connection --
SELECT counted.connection, connection.key, connection.name, counted.hour, counted.calls
FROM connections_orgcalls AS counted
LEFT JOIN connections_connection AS connection ON connection.id = counted.connection
WHERE counted.org_id = %(id)s AND counted.hour > %(after)s AND counted.calls > 0
ORDER BY counted.hour DESC, connection.key NULLS LAST

-- forget --
DELETE FROM connections_orgcalls WHERE hour < now() - interval '2 days'

-- wake --
UPDATE connections_run AS run
SET wait_until = now()
FROM connections_connection AS connection
WHERE run.state = 'waiting' AND run.wait_until > now() AND connection.id = run.connection_id
    AND left(connection.org_id, 15) = left(%(org)s, 15)
RETURNING run.connection_id
