-- A row as the trail prints it: secret columns as the SHA-256 of their value, without the columns that are left out.
CREATE OR REPLACE FUNCTION trail.printed(printed jsonb, secrets text, left_out text) RETURNS jsonb LANGUAGE sql
IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN secrets IS NULL THEN printed ELSE printed - left_out::text[] || coalesce((
    SELECT jsonb_object_agg(name, encode(sha256(convert_to(printed ->> name, 'UTF8')), 'hex'))
    FROM unnest(secrets::text[]) AS name WHERE printed ->> name IS NOT NULL), '{}') END
$$;
