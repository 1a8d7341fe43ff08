-- Copies every changed row, with its context, in the transaction that changes it. Arguments: the key column, then, where
-- a table has any, its secret columns and the columns that are left out (both as text[]).
-- "before" is the hash of the row as it was: a change that was made past the capture shows at the row's next change.
-- The context is asked for by the first row: statement triggers fire for no rows, too, and what changes nothing needs
-- nobody.
CREATE OR REPLACE FUNCTION trail.capture() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- A full join is hashed or merged, whatever the planner believes, while a nested loop over the rows of a
        -- large update never ends: a session keeps the plan that it made for the first, often of one row. And a row
        -- that has no other half is refused, since its subject is null.
        INSERT INTO trail.outbox (source, kind, subject, relid, payload, before, context)
        SELECT 'row', 'update', TG_TABLE_NAME || '/' || (n.printed ->> TG_ARGV[0]), TG_RELID, n.printed,
               encode(sha256(convert_to(o.printed::text, 'UTF8')), 'hex'), (SELECT trail.context())
        FROM (SELECT CASE WHEN TG_NARGS = 1 THEN to_jsonb(c) ELSE trail.printed(to_jsonb(c), TG_ARGV[1], TG_ARGV[2]) END
                     AS printed FROM changed c OFFSET 0) n
        FULL JOIN
             (SELECT CASE WHEN TG_NARGS = 1 THEN to_jsonb(p) ELSE trail.printed(to_jsonb(p), TG_ARGV[1], TG_ARGV[2]) END
                     AS printed FROM previous p OFFSET 0) o
        ON o.printed ->> TG_ARGV[0] = n.printed ->> TG_ARGV[0];
    ELSE
        INSERT INTO trail.outbox (source, kind, subject, relid, payload, before, context)
        SELECT 'row', lower(TG_OP), TG_TABLE_NAME || '/' || (n.printed ->> TG_ARGV[0]), TG_RELID, n.printed,
               CASE TG_OP WHEN 'DELETE' THEN encode(sha256(convert_to(n.printed::text, 'UTF8')), 'hex') END,
               (SELECT trail.context())
        FROM (SELECT CASE WHEN TG_NARGS = 1 THEN to_jsonb(c) ELSE trail.printed(to_jsonb(c), TG_ARGV[1], TG_ARGV[2]) END
                     AS printed FROM changed c OFFSET 0) n;
    END IF;
    RETURN NULL;
END $$;
