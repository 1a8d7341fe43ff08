-- How many events the caller's snapshot has that are not in the log yet; what they say is not told.
CREATE OR REPLACE FUNCTION trail.pending() RETURNS bigint LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT count(*) FROM trail.outbox);
END $$;
