-- Copies the rows of one table that an UPDATE changed, as trail.capture copies others. Of a row as it was, only the columns
-- that are others now: the rest is in the row as it is, and half of what a trigger takes is printing rows.
CREATE OR REPLACE FUNCTION trail.update_of_table() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = 'iso_8601' SET bytea_output = 'hex'
SET extra_float_digits = '1' SET enable_mergejoin = 'off' AS $$
BEGIN
    -- A full join is hashed or merged, whatever the planner believes, while a nested loop over the rows of a large
    -- update never ends: a session keeps the plan that it made for the first, often of one row. Merging would sort
    -- both halves. And a row that has no other half is refused, since its subject is null.
    INSERT INTO trail.outbox (source, kind, subject, relid, payload, previous, context, session_user_name,
                              client_address)
    SELECT 'row', 'update', TG_TABLE_NAME || '/' || c.id, TG_RELID, row_to_json(c), row_to_json(p)::text,
           (SELECT trail.context()), (SELECT session_user), (SELECT inet_client_addr())
    FROM changed c FULL JOIN previous p ON p.id = c.id;
    RETURN NULL;
END $$;
