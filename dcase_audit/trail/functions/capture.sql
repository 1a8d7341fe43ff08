-- Copies every changed row, with its context, in the transaction that changes it. Arguments: the key column, then, where
-- a table has any, its secret columns and the columns that are left out (both as text[]).
-- A row is printed alike whatever a session has set: it is hashed as it is printed, and compared later.
-- "previous" is the row as it was, of which the log keeps the hash: a change that was made past the capture shows at the
-- row's next change. What hashing costs is left to the sequencer, and json is printed faster than jsonb is built.
-- The context is asked for by the first row: statement triggers fire for no rows, too, and what changes nothing needs
-- nobody.
CREATE OR REPLACE FUNCTION trail.capture() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = 'iso_8601' SET bytea_output = 'hex'
SET extra_float_digits = '1' AS $$
DECLARE
    -- Of a table of which everything is printed, and whose key has the name that nearly all have, no key is looked for
    -- in what is printed.
    is_plain CONSTANT boolean := TG_NARGS = 1 AND TG_ARGV[0] = 'id';
BEGIN
    -- How the halves are joined: functions/update.sql.
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO trail.outbox (source, kind, subject, relid, payload, previous, context, session_user_name,
                                  client_address)
        SELECT 'row', 'update', TG_TABLE_NAME || '/' || (n.printed ->> TG_ARGV[0]), TG_RELID, n.printed, o.printed::text,
               (SELECT trail.context()), (SELECT session_user), (SELECT inet_client_addr())
        FROM (SELECT trail.printed(to_jsonb(c), TG_ARGV[1], TG_ARGV[2]) AS printed FROM changed c OFFSET 0) n
        FULL JOIN (SELECT trail.printed(to_jsonb(p), TG_ARGV[1], TG_ARGV[2]) AS printed FROM previous p OFFSET 0) o
        ON o.printed ->> TG_ARGV[0] = n.printed ->> TG_ARGV[0];
    ELSIF is_plain THEN
        INSERT INTO trail.outbox (source, kind, subject, relid, payload, previous, context, session_user_name,
                                  client_address)
        SELECT 'row', lower(TG_OP), TG_TABLE_NAME || '/' || c.id, TG_RELID, row_to_json(c),
               CASE TG_OP WHEN 'DELETE' THEN row_to_json(c)::text END,
               (SELECT trail.context()), (SELECT session_user), (SELECT inet_client_addr())
        FROM changed c;
    ELSE
        INSERT INTO trail.outbox (source, kind, subject, relid, payload, previous, context, session_user_name,
                                  client_address)
        SELECT 'row', lower(TG_OP), TG_TABLE_NAME || '/' || (n.printed ->> TG_ARGV[0]), TG_RELID, n.printed,
               CASE TG_OP WHEN 'DELETE' THEN n.printed::text END,
               (SELECT trail.context()), (SELECT session_user), (SELECT inet_client_addr())
        FROM (SELECT trail.printed(to_jsonb(c), TG_ARGV[1], TG_ARGV[2]) AS printed FROM changed c OFFSET 0) n;
    END IF;
    RETURN NULL;
END $$;
