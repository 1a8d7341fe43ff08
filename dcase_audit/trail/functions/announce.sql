-- What the sequencer itself has to say: that the log's keys change. Returns the event's number in the outbox.
CREATE OR REPLACE FUNCTION trail.announce(kind text, subject text, payload jsonb) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number bigint;
BEGIN
    IF kind NOT IN ('trail.key_announced', 'trail.key_retired') THEN
        RAISE EXCEPTION 'the sequencer has nothing else to say' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO trail.outbox (source, kind, subject, payload, context)
    VALUES ('app', kind, subject, payload, trail.context()) RETURNING id INTO number;
    RETURN number;
END $$;
