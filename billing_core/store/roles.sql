-- The three roles of Marginbook, its schema, and who may do what before any table exists.
--
-- The embedded database runs this by itself. On a server of your own, run it once as an administrator,
-- in the database made for Marginbook, and then give each role its password:
--
--     CREATE DATABASE marginbook ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;
--     psql -d marginbook -f roles.sql
--     ALTER ROLE marginbook_owner PASSWORD '...';    -- and marginbook_app, marginbook_backup
--
-- It can be run again at any time; it changes nothing that is already so.

BEGIN;

DO $$
DECLARE
    wanted text;
BEGIN
    -- Two programs may run this in one database at the same moment.
    PERFORM pg_advisory_xact_lock(hashtext('marginbook roles'));
    FOREACH wanted IN ARRAY ARRAY['marginbook_owner', 'marginbook_app', 'marginbook_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I', wanted);
        END IF;
    END LOOP;
    -- An administrator who is no superuser (managed servers) may create a schema only for a role he belongs to.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT marginbook_owner TO %I', current_user);
    END IF;
END
$$;

-- owner: makes and changes the tables. app: pages, API and workers, walled in by row level security.
-- backup: reads past row level security, because under FORCE even the owner's dump would be refused.
ALTER ROLE marginbook_owner LOGIN NOCREATEDB NOCREATEROLE;
ALTER ROLE marginbook_app LOGIN NOCREATEDB NOCREATEROLE;
ALTER ROLE marginbook_backup LOGIN NOCREATEDB NOCREATEROLE BYPASSRLS;
GRANT pg_read_all_data TO marginbook_backup;

-- The two promises the tenant wall rests on. Written only where they are broken: on a managed server
-- nobody but a superuser may even repeat them.
DO $$
DECLARE
    broken text;
BEGIN
    FOR broken IN
        SELECT rolname FROM pg_roles
        WHERE rolname IN ('marginbook_owner', 'marginbook_app') AND (rolsuper OR rolbypassrls)
           OR rolname = 'marginbook_backup' AND rolsuper
    LOOP
        EXECUTE format('ALTER ROLE %I NOSUPERUSER', broken);
        IF broken <> 'marginbook_backup' THEN
            EXECUTE format('ALTER ROLE %I NOBYPASSRLS', broken);
        END IF;
    END LOOP;
END
$$;

ALTER ROLE marginbook_owner SET search_path = marginbook;
ALTER ROLE marginbook_app SET search_path = marginbook;
ALTER ROLE marginbook_backup SET search_path = marginbook;

-- A migration or a rebuild may take as long as it needs; an open transaction that does nothing may not.
ALTER ROLE marginbook_owner SET statement_timeout = 0;
ALTER ROLE marginbook_owner SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE marginbook_app SET statement_timeout = '60s';
ALTER ROLE marginbook_app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE marginbook_backup SET statement_timeout = 0;
ALTER ROLE marginbook_backup SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE marginbook_backup SET default_transaction_read_only = on;

DO $$
DECLARE
    here text := current_database();
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', here);
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO marginbook_owner, marginbook_app', here);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO marginbook_backup', here);
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM pg_database_owner;

CREATE SCHEMA IF NOT EXISTS marginbook AUTHORIZATION marginbook_owner;
GRANT USAGE ON SCHEMA marginbook TO marginbook_app;

COMMIT;
