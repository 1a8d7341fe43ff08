-- Copies every changed row, with its context, in the transaction that changes it. Arguments: the key column, then, where
-- a table has any, its secret columns and the columns that are left out (both as text[]).
-- "before" is the hash of the row as it was: a change that was made past the capture shows at the row's next change.
CREATE OR REPLACE FUNCTION trail.capture() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said jsonb;
BEGIN
    -- Statement triggers fire for no rows, too; what changes nothing needs nobody.
    IF NOT EXISTS (SELECT FROM changed) THEN RETURN NULL; END IF;
    said := trail.context();
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO trail.outbox (source, kind, subject, relid, payload, before, context)
        SELECT 'row', 'update', TG_TABLE_NAME || '/' || (n.printed ->> TG_ARGV[0]), TG_RELID, n.printed,
               trail.digest(o.printed), said
        FROM (SELECT trail.printed(to_jsonb(c), TG_ARGV[1], TG_ARGV[2]) AS printed FROM changed c OFFSET 0) n
        JOIN (SELECT trail.printed(to_jsonb(p), TG_ARGV[1], TG_ARGV[2]) AS printed FROM previous p OFFSET 0) o
          ON o.printed -> TG_ARGV[0] = n.printed -> TG_ARGV[0];
    ELSE
        INSERT INTO trail.outbox (source, kind, subject, relid, payload, before, context)
        SELECT 'row', lower(TG_OP), TG_TABLE_NAME || '/' || (n.printed ->> TG_ARGV[0]), TG_RELID, n.printed,
               CASE TG_OP WHEN 'DELETE' THEN trail.digest(n.printed) END, said
        FROM (SELECT trail.printed(to_jsonb(c), TG_ARGV[1], TG_ARGV[2]) AS printed FROM changed c OFFSET 0) n;
    END IF;
    RETURN NULL;
END $$;
