-- Ends the log of a database and begins another, whose entry 0 holds the old one's final checkpoint (docs/operations.md,
-- "When a key was stolen or is lost"). What the old log said is removed from this database: dump it before. By hand, with
-- everything stopped and the outbox empty:
--   psql "$DATABASE_OWNER_URL" -v checkpoint="$(cat final-checkpoint)" -v reason="the log's key was stolen" -f deploy/new_log.sql
-- and then `manage.py migrate`, which logs every row as it is now. Where the key is lost, -v unsigned=N says how many entries
-- no checkpoint holds; the first entry of the new log says so, too.
\set ON_ERROR_STOP on
\if :{?unsigned}
\else
\set unsigned 0
\endif
BEGIN;
SELECT set_config('trail.context', jsonb_build_object('actor', 'command:new_log.sql', 'reason', :'reason')::text, true);
SELECT set_config('new_log.size', (split_part(:'checkpoint', E'\n', 2)::bigint + :'unsigned'::bigint)::text, true);
LOCK trail.head, trail.outbox;
DO $$
BEGIN
    IF EXISTS (SELECT FROM trail.outbox) THEN
        RAISE EXCEPTION 'the outbox is not empty: have the sequencer drain it, and stop it';
    ELSIF (SELECT size FROM trail.head) <> current_setting('new_log.size')::bigint THEN
        RAISE EXCEPTION 'the checkpoint is not of all % entries of the log: see -v unsigned', (SELECT size FROM trail.head);
    END IF;
END $$;
ALTER TABLE trail.log DISABLE TRIGGER trail_guard;
ALTER TABLE trail.disclosure DISABLE TRIGGER trail_guard;
ALTER TABLE trail.checkpoint DISABLE TRIGGER trail_guard;
ALTER TABLE trail.token DISABLE TRIGGER trail_guard;
TRUNCATE trail.log, trail.disclosure, trail.checkpoint, trail.token, trail.shape;
ALTER TABLE trail.log ENABLE ALWAYS TRIGGER trail_guard;
ALTER TABLE trail.disclosure ENABLE ALWAYS TRIGGER trail_guard;
ALTER TABLE trail.checkpoint ENABLE ALWAYS TRIGGER trail_guard;
ALTER TABLE trail.token ENABLE ALWAYS TRIGGER trail_guard;
UPDATE trail.head SET size = 0, epoch = epoch + 1;
SELECT trail.record('log.begun', 'log:' || split_part(:'checkpoint', E'\n', 1),
                    jsonb_build_object('checkpoint', :'checkpoint' || E'\n', 'unsigned', :'unsigned'::bigint));
COMMIT;
