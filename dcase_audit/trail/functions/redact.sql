-- Forgets texts and salts of an entry for good. Their commitments stay, so that the log still verifies, and an event says
-- who did it and why, and which law demands it where one does. Keys, the hash of the row before and what the log's own
-- keys state are no personal data and stay. The event comes first: what keeps an entry (triggers of the layers above)
-- reads it.
CREATE OR REPLACE FUNCTION trail.redact(entry bigint, fields text[], reason text, demanded_by text) RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said jsonb := trail.context();
    forgotten text[];
BEGIN
    IF coalesce(reason, '') = '' THEN
        RAISE EXCEPTION 'a redaction wants a reason' USING ERRCODE = 'check_violation';
    END IF;
    SELECT array_agg(n ORDER BY i) INTO forgotten FROM trail.disclosure d, unnest(d.names, d.texts) WITH ORDINALITY u (n, t, i)
    WHERE d.seq = entry AND n = ANY (fields) AND t IS NOT NULL AND n ~ '^(row|payload|context)[.]'
      AND n <> 'row.id' AND NOT (n = 'payload.note' AND EXISTS (
          SELECT FROM trail.log l WHERE l.seq = entry AND l.kind IN ('trail.key_announced', 'trail.key_retired')));
    IF forgotten IS NULL THEN RETURN 0; END IF;
    INSERT INTO trail.outbox (source, kind, subject, payload, context)
    VALUES ('app', 'trail.redacted', 'entry:' || entry, jsonb_strip_nulls(jsonb_build_object(
        'fields', forgotten, 'reason', reason, 'demanded_by', nullif(demanded_by, ''))), said);
    UPDATE trail.disclosure d SET
        closed = d.closed || (
            SELECT jsonb_object_agg(n, encode(sha256(convert_to('dcase-audit/field/v1', 'UTF8') || '\x00'::bytea
                || substring(d.salts FROM 16 * (i::integer - 1) + 1 FOR 16) || int2send(octet_length(n)::smallint)
                || convert_to(n, 'UTF8') || convert_to(t, 'UTF8')), 'hex'))
            FROM unnest(d.names, d.texts) WITH ORDINALITY u (n, t, i) WHERE n = ANY (forgotten)),
        salts = (
            SELECT string_agg(CASE WHEN n = ANY (forgotten) THEN decode(repeat('00', 16), 'hex')
                ELSE substring(d.salts FROM 16 * (i::integer - 1) + 1 FOR 16) END, ''::bytea ORDER BY i)
            FROM unnest(d.names) WITH ORDINALITY u (n, i)),
        texts = (
            SELECT array_agg(CASE WHEN n = ANY (forgotten) THEN NULL ELSE t END ORDER BY i)
            FROM unnest(d.names, d.texts) WITH ORDINALITY u (n, t, i)),
        actor = CASE WHEN 'context.actor' = ANY (forgotten) THEN NULL ELSE d.actor END
    WHERE d.seq = entry;
    RETURN cardinality(forgotten);
END $$;
