-- What an entry says may be forgotten and never changed: a text is what it was, or nothing.
CREATE OR REPLACE FUNCTION trail.blank() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (OLD.seq, OLD.names, octet_length(OLD.salts)) IS DISTINCT FROM (NEW.seq, NEW.names, octet_length(NEW.salts))
       OR EXISTS (SELECT FROM unnest(OLD.texts, NEW.texts) AS t (was, is_now)
                  WHERE is_now IS NOT NULL AND is_now IS DISTINCT FROM was)
       OR NOT NEW.closed @> OLD.closed THEN
        RAISE EXCEPTION 'what was logged stays, or is forgotten' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
