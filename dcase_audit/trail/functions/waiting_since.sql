-- When the oldest event was written that is not in the log yet: an alarm, once that is long ago.
CREATE OR REPLACE FUNCTION trail.waiting_since() RETURNS timestamptz LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT min(recorded_at) FROM trail.outbox);
END $$;
