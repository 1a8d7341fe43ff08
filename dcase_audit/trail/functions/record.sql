-- What the application says happened. Names that begin with "trail." are the trail's own.
CREATE OR REPLACE FUNCTION trail.record(kind text, subject text, payload jsonb) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF starts_with(kind, 'trail.') THEN
        RAISE EXCEPTION 'events called trail.* are the trail''s own' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO trail.outbox (source, kind, subject, payload, context)
    VALUES ('app', kind, subject, payload, trail.context());
END $$;
