-- The context is asserted by the application; without one nothing is recorded and so nothing is done.
CREATE OR REPLACE FUNCTION trail.context() RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE said jsonb := nullif(current_setting('trail.context', true), '')::jsonb;
BEGIN
    IF coalesce(said ->> 'actor', '') = '' THEN
        RAISE EXCEPTION 'nobody acts: the transaction has no trail.context'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN said;
END $$;
