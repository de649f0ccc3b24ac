Letters that were given up. One is lost as long as somebody whom it was for has got nothing since.

-- reached --
UPDATE connections_letter
SET missed = missed - %(address)s::text
WHERE channel = %(channel)s AND given_up_at IS NOT NULL AND missed <> '[]'
    AND missed ? %(address)s::text

-- lost --
-- By address and connection, those that are still to hear there, with the numbers of all of them.
WITH told AS (
    SELECT letter.id, letter.written_at, each.address, connection.key, connection.name,
        coalesce(letter.refused ->> each.address, letter.trouble) AS why
    FROM connections_letter AS letter
    CROSS JOIN LATERAL jsonb_array_elements_text(letter.missed) AS each (address)
    CROSS JOIN LATERAL (
        SELECT *
        FROM connections_connection AS own
        WHERE own.id = letter.connection_id
        UNION ALL
        SELECT *
        FROM connections_connection AS other
        WHERE letter.connection_id IS NULL
    ) AS connection
    WHERE letter.channel = %(channel)s
        AND letter.given_up_at IS NOT NULL AND letter.missed <> '[]' AND connection.active
        AND CASE letter.channel
            WHEN 'email' THEN connection.notify_to @> to_jsonb(each.address)
            ELSE connection.webhook_url = each.address
        END
)
SELECT told.address, told.key, told.name, count(*) AS letters, min(told.written_at) AS since,
    (array_agg(told.why ORDER BY told.id DESC))[1] AS why,
    whole.letters AS all_letters, whole.addresses AS all_addresses, whole.since AS all_since
FROM told
CROSS JOIN (
    SELECT count(DISTINCT id) AS letters, count(DISTINCT address) AS addresses,
        min(written_at) AS since
    FROM told
) AS whole
GROUP BY told.address, told.key, told.name, whole.letters, whole.addresses, whole.since
ORDER BY since, told.address, told.key
LIMIT %(most)s

-- try_again --
-- Those who have got nothing since are tried once more; whoever has got something needs no old news.
UPDATE connections_letter
SET given_up_at = NULL, "to" = missed, missed = '[]', held_until = NULL, due_at = %(now)s,
    refused = refused - ARRAY(SELECT jsonb_array_elements_text(missed))
WHERE given_up_at IS NOT NULL AND missed <> '[]'
