Statements of backups.

-- dumped_tables --
-- All tables whose rows go into a dump, with what they take on disk.
SELECT room.nspname, class.relname, pg_total_relation_size(class.oid)
FROM pg_class AS class
JOIN pg_namespace AS room ON room.oid = class.relnamespace
WHERE class.relkind = 'r' AND class.relpersistence = 'p'
    AND room.nspname !~ '^pg_' AND room.nspname NOT IN ('information_schema', 'stage')
    AND NOT (room.nspname = 'public' AND class.relname = ANY (%(left_out)s::text[]))
ORDER BY 1, 2

-- about --
SELECT now(), pg_export_snapshot(), pg_database_size(current_database())

-- is_installed --
SELECT to_regclass('public.django_migrations') IS NOT NULL
    AND to_regclass('store.profile') IS NOT NULL

-- migrations --
SELECT app || '.' || name FROM public.django_migrations ORDER BY 1

-- has_tables --
SELECT EXISTS (
    SELECT FROM pg_class JOIN pg_namespace AS room ON room.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
        AND room.nspname !~ '^pg_' AND room.nspname <> 'information_schema'
)

-- has_content --
-- Whether anything was set up or kept in tables that `migrate` has made.
SELECT EXISTS (SELECT FROM public.people_user) OR EXISTS (SELECT FROM public.profiles_property)
    OR EXISTS (SELECT FROM public.connections_connection) OR EXISTS (SELECT FROM store.profile)

-- others --
SELECT count(*), string_agg(DISTINCT nullif(application_name, ''), ', ')
FROM pg_stat_activity
WHERE datname = %(database)s AND pid <> pg_backend_pid() AND backend_type = 'client backend'

-- looks --
-- How a database was made, so that another one is made alike.
SELECT pg_encoding_to_char(encoding), datlocprovider::text, datcollate, datctype, datlocale
FROM pg_database WHERE datname = current_database()

-- may_create --
SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user
