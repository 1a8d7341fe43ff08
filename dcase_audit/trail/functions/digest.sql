-- The hash by which an event names the row that was there before it.
CREATE OR REPLACE FUNCTION trail.digest(printed jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT encode(sha256(convert_to(printed::text, 'UTF8')), 'hex')
$$;
