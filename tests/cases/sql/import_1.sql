-- order --
CREATE UNLOGGED TABLE "stage"."import_N_ordered" WITH (autovacuum_enabled = off) AS
        SELECT (row_number() OVER (ORDER BY stamp, record_id, tid))::integer AS n, narrow.*
        FROM (
            -- Sorted above are these few columns, not all that was staged.
            SELECT
                ctid AS tid,
                f1 AS record_id,
                f2 AS stamp,
                CASE WHEN ("s"."f3" = 'true') AND "s"."f4" IS NOT NULL THEN 'merged'
                WHEN ("s"."f3" = 'true') THEN 'deleted'
                WHEN ("s"."f5" = 'true') THEN 'converted' END AS gone,
                coalesce("s"."f4", "s"."f6") COLLATE "C" AS successor,
                hash_record_extended(ROW("s"."f7", "s"."f8"), 0) AS hash,
                NOT (("s"."f7" IS NULL OR ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) OR nullif(btrim("s"."f7", 'WHITE'), '') IS NULL OR (CASE WHEN "s"."f7" IS NULL THEN NULL WHEN ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) THEN lower("s"."f7" COLLATE "pg_c_utf8") ELSE (CASE WHEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8")) <= 500 THEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") END) END) IS NOT NULL) AND ("s"."f8" IS NULL OR ("s"."f8" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f8") <= 254) OR nullif(btrim("s"."f8", 'WHITE'), '') IS NULL OR (CASE WHEN "s"."f8" IS NULL THEN NULL WHEN ("s"."f8" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f8") <= 254) THEN "s"."f8" ELSE (CASE WHEN nullif(btrim("s"."f8", 'WHITE'), '') ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(nullif(btrim("s"."f8", 'WHITE'), '')) <= 500 THEN nullif(btrim("s"."f8", 'WHITE'), '') END) END) IS NOT NULL)) AS misfit,
                ((CASE WHEN "s"."f7" IS NULL THEN NULL WHEN ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) THEN lower("s"."f7" COLLATE "pg_c_utf8") ELSE (CASE WHEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8")) <= 500 THEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") END) END))::text COLLATE "C" AS "v1"
            FROM "stage"."import_N" AS s
            OFFSET 0
        ) AS narrow

-- bound --
SELECT beyond.n - 1
        FROM "stage"."import_N_ordered" AS beyond
        JOIN "stage"."import_N_ordered" AS last ON last.n = %(until)s
        WHERE beyond.n > %(until)s
            AND (beyond.stamp, beyond.record_id) <> (last.stamp, last.record_id)
        ORDER BY beyond.n
        LIMIT 1

-- take --
INSERT INTO chunk_record
            (n, tid, hash, link, link_profile, former_profile, profile_id, known, lives, waits,
            misfit, partial, refused, before, record_id, stamp, gone, successor, outcome, reason)
        SELECT
            s.n, s.tid, s.hash, link.place,
            coalesce(link.profile_id), CASE WHEN link.profile_id IS NULL THEN
    (SELECT former.profile_id
     FROM (
        SELECT link.profile_id, link.stamp, link.record_id, link.goal
        FROM store.record_link AS link
        WHERE link.successor = s.record_id
            AND NOT EXISTS (SELECT FROM run_former WHERE run_former.record_id = link.record_id)
        UNION ALL
        SELECT link.profile_id, run_former.stamp::timestamptz, link.record_id, link.goal
        FROM run_former JOIN store.record_link AS link USING (record_id)
        WHERE run_former.successor = s.record_id
     ) AS former
     WHERE former.goal = ANY ('{1}'::int2[]) AND former.profile_id IS NOT NULL
     ORDER BY former.stamp DESC, former.record_id, former.goal LIMIT 1) END, CASE WHEN link.profile_id IS NOT NULL AND link.refused IS NULL
                AND s.gone IS NULL AND NOT s.superseded AND (link.hash = s.hash AND link.version = 1 AND link.gone IS NULL) IS NOT TRUE AND (s."v1" IS NULL OR coalesce((
            SELECT held.profile_id FROM store.identifier AS held
            WHERE held.property = 2 AND held.value = s."v1"
        ) = link.profile_id, false))
            THEN link.profile_id END,
            link.profile_id IS NOT NULL,
            coalesce(link.profile_id IS NOT NULL AND link.gone IS NULL, false),
            coalesce(link.reason IN ('no_match', 'ambiguous', 'identifier_taken'), false),
            s.misfit,
            coalesce((link.hash = s.hash AND link.version = 1 AND link.gone IS NULL) AND link.refused IS NOT NULL, false), link.refused, link.reason,
            s.record_id, s.stamp, s.gone, s.successor,
            CASE
                WHEN s.superseded THEN 'unchanged'
                WHEN s.gone IS NOT NULL AND link.gone IS NOT NULL THEN 'unchanged'
                WHEN s.gone IS NOT NULL AND link.profile_id IS NOT NULL THEN 'removed'
                WHEN s.gone IS NOT NULL THEN 'skipped'
                WHEN (link.hash = s.hash AND link.version = 1 AND link.gone IS NULL) AND link.refused IS NULL THEN 'unchanged'
            END,
            CASE WHEN NOT s.superseded THEN s.gone END
        FROM (
            SELECT
                *, row_number() OVER (PARTITION BY record_id ORDER BY n DESC) > 1 AS superseded
            FROM "stage"."import_N_ordered"
            WHERE n > %(after)s AND n <= %(until)s
        ) AS s
        -- OFFSET 0 makes this a look-up for each record. The tables of the store grow faster than
        -- their statistics: a plan that takes them for small would read them whole every time.
        LEFT JOIN LATERAL (
            SELECT link.ctid AS place, link.* FROM store.record_link AS link
            WHERE link.record_id = s.record_id AND link.goal = 1
            OFFSET 0
        ) AS link ON true

-- claim --
INSERT INTO chunk_claim (n, property, place, finds, kind, value, owner)
        SELECT claim.n, claim.property, claim.place, claim.finds, claim.kind, claim.value,
            held.profile_id
        FROM (SELECT n, 2::smallint,  -1::smallint, true, 'fill', "v1"
        FROM "stage"."import_N_ordered"
        WHERE n > %(after)s AND n <= %(until)s
            AND n NOT IN (
                SELECT n FROM chunk_record
                WHERE outcome IS NOT NULL OR profile_id IS NOT NULL
            )) AS claim (n, property, place, finds, kind, value)
        -- A look-up for each value, as in taking.
        LEFT JOIN LATERAL (
            SELECT identifier.profile_id FROM store.identifier
            WHERE identifier.property = claim.property AND identifier.value = claim.value
            OFFSET 0
        ) AS held ON true
        WHERE claim.value IS NOT NULL

-- problem --
INSERT INTO chunk_problem (n, field, property, code, message, value)
        SELECT s.n, each.*
        FROM (
            SELECT record.n, s.*
            FROM chunk_record AS record
            JOIN "stage"."import_N" AS s ON s.ctid = record.tid
            WHERE record.outcome IS NULL AND record.misfit AND NOT record.partial
            OFFSET 0
        ) AS s
        CROSS JOIN LATERAL (SELECT 'F1__c', 'select', 'wrong_type', 'F1__c does not fit 100 % "1" ''s (email); the property was left as it is. Correct the value in Salesforce, or map the field to a property of another type.', "s"."f8" WHERE NOT ("s"."f8" IS NULL OR ("s"."f8" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f8") <= 254) OR nullif(btrim("s"."f8", 'WHITE'), '') IS NULL OR (CASE WHEN "s"."f8" IS NULL THEN NULL WHEN ("s"."f8" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f8") <= 254) THEN "s"."f8" ELSE (CASE WHEN nullif(btrim("s"."f8", 'WHITE'), '') ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(nullif(btrim("s"."f8", 'WHITE'), '')) <= 500 THEN nullif(btrim("s"."f8", 'WHITE'), '') END) END) IS NOT NULL) UNION ALL SELECT 'Email', 'email', 'wrong_type', 'Email does not fit Email (email); the property was left as it is. Correct the value in Salesforce, or map the field to a property of another type.', "s"."f7" WHERE NOT ("s"."f7" IS NULL OR ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) OR nullif(btrim("s"."f7", 'WHITE'), '') IS NULL OR (CASE WHEN "s"."f7" IS NULL THEN NULL WHEN ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) THEN lower("s"."f7" COLLATE "pg_c_utf8") ELSE (CASE WHEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8")) <= 500 THEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") END) END) IS NOT NULL)) AS each (field, property, code, message, value)

-- insert --
INSERT INTO store.profile (profile_id, made_by, made_on, "p_email",
"p_salesforce_objecttype",
"p_select")
        SELECT profile_id, 1, '2026-03-02'::date, "c1",
"c2",
"c3"
        FROM (SELECT record.n, record.record_id, record.profile_id, record.fresh, coalesce(NULL::text, (CASE WHEN "s"."f7" IS NULL THEN NULL WHEN ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) THEN lower("s"."f7" COLLATE "pg_c_utf8") ELSE (CASE WHEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8")) <= 500 THEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") END) END)) AS "c1",
(false) AS "o1",
ARRAY['Lead'] AS "c2",
coalesce(NULL::text, (CASE WHEN "s"."f8" IS NULL THEN NULL WHEN ("s"."f8" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f8") <= 254) THEN "s"."f8" ELSE (CASE WHEN nullif(btrim("s"."f8", 'WHITE'), '') ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(nullif(btrim("s"."f8", 'WHITE'), '')) <= 500 THEN nullif(btrim("s"."f8", 'WHITE'), '') END) END)) AS "c3",
(false) AS "o3"
        FROM chunk_record AS record
        JOIN "stage"."import_N" AS s ON s.ctid = record.tid

        WHERE record.outcome IS NULL AND record.fresh AND NOT record.folded) AS brought

-- update --
WITH brought AS (
            SELECT record.n, record.record_id, record.profile_id, record.fresh, coalesce(NULL::text, (CASE WHEN "s"."f7" IS NULL THEN NULL WHEN ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) THEN lower("s"."f7" COLLATE "pg_c_utf8") ELSE (CASE WHEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8")) <= 500 THEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") END) END)) AS "c1",
(false) AS "o1",
ARRAY['Lead'] AS "c2",
coalesce(NULL::text, (CASE WHEN "s"."f8" IS NULL THEN NULL WHEN ("s"."f8" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f8") <= 254) THEN "s"."f8" ELSE (CASE WHEN nullif(btrim("s"."f8", 'WHITE'), '') ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(nullif(btrim("s"."f8", 'WHITE'), '')) <= 500 THEN nullif(btrim("s"."f8", 'WHITE'), '') END) END)) AS "c3",
(false) AS "o3"
        FROM chunk_record AS record
        JOIN "stage"."import_N" AS s ON s.ctid = record.tid

        WHERE record.outcome IS NULL AND NOT record.fresh AND NOT record.folded
            -- Neighbours in the table are mostly made one after the other.
            ORDER BY record.profile_id
        ),
        after AS MATERIALIZED (
            SELECT brought.n, brought.record_id, p.ctid AS place, (CASE WHEN "o1" THEN "c1" ELSE coalesce("p"."p_email", "c1") END) AS "a1",
(CASE WHEN "c2" IS NULL OR "c2" <@ "p"."p_salesforce_objecttype" THEN "p"."p_salesforce_objecttype"
    ELSE "p"."p_salesforce_objecttype" || ARRAY(
        SELECT element FROM unnest("c2") WITH ORDINALITY AS u (element, place)
        WHERE "p"."p_salesforce_objecttype" IS NULL OR element <> ALL ("p"."p_salesforce_objecttype")
        ORDER BY place) END) AS "a2",
(CASE WHEN "o3" THEN "c3" ELSE coalesce("p"."p_select", "c3") END) AS "a3"
            FROM brought JOIN store.profile AS p USING (profile_id)
        ),
        updated AS (
            UPDATE store.profile AS p
            SET updated_at = now(), "p_email" = final."a1",
"p_salesforce_objecttype" = final."a2",
"p_select" = final."a3"
            FROM after AS final
            WHERE p.ctid = final.place
                AND ROW("p"."p_email",
"p"."p_salesforce_objecttype",
"p"."p_select") IS DISTINCT FROM ROW(final."a1",
final."a2",
final."a3")
            RETURNING final.n, final.record_id, p.profile_id, ('{' || concat_ws(',', CASE WHEN old."p_email" IS DISTINCT FROM new."p_email"
            THEN '"email":' || coalesce(to_json(old."p_email")::text, 'null') END, CASE WHEN old."p_salesforce_objecttype" IS DISTINCT FROM new."p_salesforce_objecttype"
            THEN '"salesforce_objecttype":' || coalesce(to_json(old."p_salesforce_objecttype")::text, 'null') END, CASE WHEN old."p_select" IS DISTINCT FROM new."p_select"
            THEN '"select":' || coalesce(to_json(old."p_select")::text, 'null') END) || '}')::jsonb AS old
        ),
        journalled AS (
            INSERT INTO store.change (profile_id, run_goal, record_id, old)
            SELECT profile_id, 1, record_id, old FROM updated
        ),
        noted AS (INSERT INTO chunk_changed (n) SELECT n FROM updated)
        SELECT count(*) FROM after

-- fold --
WITH brought AS MATERIALIZED (SELECT record.n, record.record_id, record.profile_id, record.fresh, coalesce(NULL::text, (CASE WHEN "s"."f7" IS NULL THEN NULL WHEN ("s"."f7" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f7") <= 254) THEN lower("s"."f7" COLLATE "pg_c_utf8") ELSE (CASE WHEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8")) <= 500 THEN lower(nullif(btrim("s"."f7", 'WHITE'), '') COLLATE "pg_c_utf8") END) END)) AS "c1",
(false) AS "o1",
ARRAY['Lead'] AS "c2",
coalesce(NULL::text, (CASE WHEN "s"."f8" IS NULL THEN NULL WHEN ("s"."f8" ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length("s"."f8") <= 254) THEN "s"."f8" ELSE (CASE WHEN nullif(btrim("s"."f8", 'WHITE'), '') ~  E'^[^@WHITE]+@[^@WHITE]+\\.[^@WHITE]+$' AND length(nullif(btrim("s"."f8", 'WHITE'), '')) <= 500 THEN nullif(btrim("s"."f8", 'WHITE'), '') END) END)) AS "c3",
(false) AS "o3"
        FROM chunk_record AS record
        JOIN "stage"."import_N" AS s ON s.ctid = record.tid

        WHERE record.outcome IS NULL AND record.folded),
        "news2" AS (
            SELECT first.profile_id, first.n, first.place, first.element
            FROM (
                SELECT DISTINCT ON (profile_id, element) profile_id, n, place, element
                FROM brought CROSS JOIN LATERAL unnest("c2") WITH ORDINALITY AS u (element, place)
                ORDER BY profile_id, element, n, place
            ) AS first
            LEFT JOIN store.profile AS p USING (profile_id)
            WHERE p."p_salesforce_objecttype" IS NULL OR first.element <> ALL (p."p_salesforce_objecttype")
        ),
        "added2" AS (
            SELECT profile_id, array_agg(element ORDER BY n, place) AS elements
            FROM "news2" GROUP BY profile_id
        ),

        counted AS (SELECT brought.*, count(*) FILTER (WHERE "o1") OVER (PARTITION BY profile_id ORDER BY n) AS "g1",
NULL::integer AS "g2",
count(*) FILTER (WHERE "o3") OVER (PARTITION BY profile_id ORDER BY n) AS "g3" FROM brought),
        firsts AS (SELECT counted.*, min(n) FILTER (WHERE "c1" IS NOT NULL)
            OVER (PARTITION BY profile_id, "g1" ORDER BY n) AS "f1",
NULL::integer AS "f2",
min(n) FILTER (WHERE "c3" IS NOT NULL)
            OVER (PARTITION BY profile_id, "g3" ORDER BY n) AS "f3" FROM counted),
        after AS (
            SELECT firsts.n, firsts.record_id, firsts.profile_id, firsts.fresh, p.ctid AS place,
                (CASE WHEN "g1" = 0 AND "p"."p_email" IS NOT NULL THEN "p"."p_email"
                WHEN "f1" IS NOT NULL
                    THEN first_value("c1") OVER (PARTITION BY profile_id, "f1" ORDER BY n) END) AS "a1",
(CASE WHEN "added2".elements IS NULL THEN "p"."p_salesforce_objecttype" ELSE "p"."p_salesforce_objecttype" || "added2".elements END) AS "a2",
(CASE WHEN "g3" = 0 AND "p"."p_select" IS NOT NULL THEN "p"."p_select"
                WHEN "f3" IS NOT NULL
                    THEN first_value("c3") OVER (PARTITION BY profile_id, "f3" ORDER BY n) END) AS "a3",
                "p"."p_email" AS "p1",
"p"."p_salesforce_objecttype" AS "p2",
"p"."p_select" AS "p3"
            FROM firsts LEFT JOIN store.profile AS p USING (profile_id) LEFT JOIN "added2" USING (profile_id)
        ),
        stepped AS MATERIALIZED (
            SELECT after.*, ("a1" IS DISTINCT FROM lag("a1", 1, "p1") OVER (PARTITION BY profile_id ORDER BY n)) OR EXISTS (SELECT FROM "news2" AS news
                WHERE news.profile_id = after.profile_id AND news.n = after.n) OR ("a3" IS DISTINCT FROM lag("a3", 1, "p3") OVER (PARTITION BY profile_id ORDER BY n)) AS changed,
                row_number() OVER (PARTITION BY profile_id ORDER BY n DESC) = 1 AS last
            FROM after
        ),
        final AS (SELECT * FROM stepped WHERE last AND NOT fresh),
        inserted AS (
            INSERT INTO store.profile (profile_id, made_by, made_on, "p_email",
"p_salesforce_objecttype",
"p_select")
            SELECT profile_id, 1, '2026-03-02'::date, "a1",
"a2",
"a3"
            FROM stepped WHERE last AND fresh ORDER BY profile_id
        ),
        updated AS (
            UPDATE store.profile AS p
            SET updated_at = now(), "p_email" = final."a1",
"p_salesforce_objecttype" = final."a2",
"p_select" = final."a3"
            FROM final AS final
            WHERE p.ctid = final.place
                AND ROW("p"."p_email",
"p"."p_salesforce_objecttype",
"p"."p_select") IS DISTINCT FROM ROW(final."a1",
final."a2",
final."a3")
            RETURNING final.n, final.record_id, p.profile_id, ('{' || concat_ws(',', CASE WHEN old."p_email" IS DISTINCT FROM new."p_email"
            THEN '"email":' || coalesce(to_json(old."p_email")::text, 'null') END, CASE WHEN old."p_salesforce_objecttype" IS DISTINCT FROM new."p_salesforce_objecttype"
            THEN '"salesforce_objecttype":' || coalesce(to_json(old."p_salesforce_objecttype")::text, 'null') END, CASE WHEN old."p_select" IS DISTINCT FROM new."p_select"
            THEN '"select":' || coalesce(to_json(old."p_select")::text, 'null') END) || '}')::jsonb AS old
        ),
        journalled AS (
            INSERT INTO store.change (profile_id, run_goal, record_id, old)
            SELECT profile_id, 1, record_id, old FROM updated
        )
        INSERT INTO chunk_changed (n) SELECT n FROM stepped WHERE changed

-- refused --
INSERT INTO chunk_problem (n, field, property, code, message, value)
        SELECT refused.n, each.field, each.property, each.code, each.message, each.value
        FROM chunk_refused AS refused
        JOIN chunk_record AS record USING (n)
        JOIN "stage"."import_N" AS s ON s.ctid = record.tid
        CROSS JOIN LATERAL (SELECT 1, 'identifier_taken', 'F1__c', 'select', 'F1__c: another profile holds this value of 100 % "1" ''s, and an identifier belongs to one profile. Merge the two, or correct the value.', "s"."f8" UNION ALL SELECT 1, 'sum_too_large', 'F1__c', 'select', 'F1__c: adding it would make 100 % "1" ''s larger than an integer can be. The property was left as it is.', "s"."f8") AS each (place, code, field, property, message, value)
        WHERE each.place = refused.place AND each.code = refused.code

-- insert_links --
INSERT INTO store.record_link
            (record_id, goal, profile_id, object, stamp, hash, held, version, reason, refused,
            summed)
        SELECT record.record_id, 1, record.profile_id, 'Lead', record.stamp::timestamptz,
            record.hash, NULL::bigint[], 1, CASE WHEN problem.taken THEN 'identifier_taken'
            WHEN problem.n IS NOT NULL OR record.partial AND record.misfit THEN 'problem' END, refused.places, NULL::bigint[]
        FROM chunk_record AS record

        LEFT JOIN (
            SELECT n, bool_or(code = 'identifier_taken') AS taken FROM chunk_problem GROUP BY n
        ) AS problem ON problem.n = record.n
        LEFT JOIN (
            SELECT n, array_agg(place ORDER BY place) AS places
            FROM chunk_refused
            WHERE code = 'identifier_taken'
            GROUP BY n
        ) AS refused ON refused.n = record.n
        WHERE record.outcome IS NULL AND record.link IS NULL
        ORDER BY record.record_id

-- update_links --
UPDATE store.record_link AS link
        SET profile_id = record.profile_id, stamp = record.stamp::timestamptz,
            hash = record.hash, held = NULL::bigint[], version = 1, reason = CASE WHEN problem.taken THEN 'identifier_taken'
            WHEN problem.n IS NOT NULL OR record.partial AND record.misfit THEN 'problem' END,
            refused = refused.places, gone = NULL, successor = NULL, due = NULL, summed = NULL::bigint[]
        FROM chunk_record AS record

        LEFT JOIN (
            SELECT n, bool_or(code = 'identifier_taken') AS taken FROM chunk_problem GROUP BY n
        ) AS problem ON problem.n = record.n
        LEFT JOIN (
            SELECT n, array_agg(place ORDER BY place) AS places
            FROM chunk_refused
            WHERE code = 'identifier_taken'
            GROUP BY n
        ) AS refused ON refused.n = record.n
        WHERE link.ctid = record.link AND record.outcome IS NULL
