from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations

OUTBOX = """
CREATE SCHEMA trail;
REVOKE ALL ON SCHEMA trail FROM PUBLIC;
GRANT USAGE ON SCHEMA trail TO dcase_app, dcase_sequencer, dcase_reader;

CREATE TABLE trail.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL CHECK (source IN ('app', 'row')),
    kind text NOT NULL,
    subject text NOT NULL,
    payload jsonb NOT NULL,
    context jsonb NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    session_user_name name NOT NULL DEFAULT session_user,
    backend_pid integer NOT NULL DEFAULT pg_backend_pid(),
    client_address inet DEFAULT inet_client_addr()
);
GRANT SELECT, DELETE ON trail.outbox TO dcase_sequencer;
GRANT SELECT ON trail.outbox TO dcase_reader;

-- The context is asserted by the application; without one nothing is recorded and so nothing is done.
CREATE FUNCTION trail.context() RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE said text := current_setting('trail.context', true);
BEGIN
    IF said IS NULL OR said = '' OR coalesce(said::jsonb ->> 'actor', '') = '' THEN
        RAISE EXCEPTION 'nobody acts: the transaction has no trail.context'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN said::jsonb;
END $$;

CREATE FUNCTION trail.record(kind text, subject text, payload jsonb) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO trail.outbox (source, kind, subject, payload, context)
    VALUES ('app', kind, subject, payload, trail.context());
END;
REVOKE EXECUTE ON FUNCTION trail.context(), trail.record(text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trail.record(text, text, jsonb) TO dcase_app;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.RunSQL(OUTBOX, "DROP SCHEMA trail CASCADE"),
    ]
