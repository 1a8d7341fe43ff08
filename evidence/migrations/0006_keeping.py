"""What the database itself refuses about evidence that has to be kept (ADR 0009)."""

from django.db import migrations

# How long a revision is kept. One place works it out: services, pages and refusals all ask here.
KEPT = """
-- The same clock time after a duration on the calendar of a zone; far away, which stands for never, at the latest.
CREATE FUNCTION evidence_after(moment timestamptz, floor text, zone text) RETURNS timestamptz LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT least((moment AT TIME ZONE zone + coalesce(nullif(floor, ''), 'PT0S')::interval) AT TIME ZONE zone,
                 '9999-12-31 00:00:00+00')
$$;

CREATE FUNCTION evidence_class_of(artefact bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('floor', k.retention, 'from', k.retention_from, 'zone', k.retention_zone,
        'basis', k.retention_basis, 'ja', k.retention_text_ja, 'en', k.retention_text_en)
    FROM evidence_artefact a JOIN evidence_kind k ON k.id = a.kind_id WHERE a.id = artefact
$$;

-- What a class promises at submission. Validity without an end promises no less than it would had it ended by then.
CREATE FUNCTION evidence_promised(class jsonb, submitted timestamptz, valid_until timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT evidence_after(CASE class ->> 'from' WHEN 'validity_end' THEN greatest(submitted, valid_until) ELSE submitted END,
                          class ->> 'floor', class ->> 'zone')
$$;

-- When a revision stops to apply: on its own last day, or by the first decision that took it back or put a later one in
-- its place. Null while nothing says so. Decisions are only added, so that what was the first stays the first.
CREATE FUNCTION evidence_validity_end(revision bigint) RETURNS timestamptz LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(r.valid_until, (
        SELECT e.effective_at FROM (
            SELECT d.id, d.effective_at FROM evidence_decision d
            WHERE d.revision_id = r.id AND d.kind IN ('returned', 'withdrawn', 'voided', 'annulled')
            UNION ALL
            SELECT d.id, d.effective_at FROM evidence_revision later
            JOIN evidence_decision d ON d.revision_id = later.id AND d.kind = 'accepted'
            WHERE later.artefact_id = r.artefact_id AND later.number > r.number
        ) e ORDER BY e.id LIMIT 1))
    FROM evidence_revision r WHERE r.id = revision
$$;

-- Null of a draft, 9999 while it is valid without an end.
CREATE FUNCTION evidence_kept_until(revision bigint) RETURNS timestamptz LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN r.submitted_at IS NULL THEN NULL
        WHEN v.ended IS NULL THEN '9999-12-31 00:00:00+00'
        WHEN r.valid_until IS NULL AND r.retention ->> 'from' = 'validity_end' THEN greatest(r.retain_until,
            evidence_after(greatest(v.ended, r.submitted_at), r.retention ->> 'floor', r.retention ->> 'zone'))
        ELSE greatest(r.retain_until, v.ended) END
    FROM evidence_revision r, evidence_validity_end(r.id) v (ended) WHERE r.id = revision
$$;

-- The moment that is certainly past: by our own clock and, where witnesses cosign the log, by theirs. Setting the
-- server's clock forward ends no retention.
CREATE FUNCTION evidence_surely_past() RETURNS timestamptz LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(clock_timestamp(),
        (SELECT witnessed_at FROM trail.checkpoint WHERE witnessed_at IS NOT NULL ORDER BY id DESC LIMIT 1))
$$;
"""

# What is refused, and by whom a file is held. Error 23001 (restrict_violation), of constraint "kept".
REFUSALS = """
CREATE FUNCTION evidence_held(artefact bigint, revision bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM evidence_legalhold h WHERE h.artefact_id = artefact
        AND (h.revision_id IS NULL OR h.revision_id = revision)
        AND NOT EXISTS (SELECT FROM evidence_holdrelease l WHERE l.hold_id = h.id))
$$;

-- Refuses what would take from a revision, or from an artefact (revision null), what has to be kept of it. A law that
-- demands erasure goes before the floor, and before no hold.
CREATE FUNCTION evidence_refuse_while_kept(artefact bigint, revision bigint, erasure_demanded boolean) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named text; hold record; kept timestamptz; rule record;
BEGIN
    SELECT a.key || coalesce(' revision ' || r.number, '') INTO named
    FROM evidence_artefact a LEFT JOIN evidence_revision r ON r.id = revision WHERE a.id = artefact;
    SELECT h.id, h.placed_at, h.reason INTO hold FROM evidence_legalhold h
    WHERE h.artefact_id = artefact AND (h.revision_id IS NULL OR h.revision_id = coalesce(revision, h.revision_id))
        AND NOT EXISTS (SELECT FROM evidence_holdrelease l WHERE l.hold_id = h.id)
    ORDER BY h.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is on legal hold % since %: %', named, hold.id, evidence_said(hold.placed_at), hold.reason
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kept';
    END IF;
    kept := evidence_kept_until(revision);
    IF revision IS NULL OR erasure_demanded OR kept <= evidence_surely_past() THEN
        RETURN;
    END IF;
    SELECT * INTO rule FROM evidence_rule_of(revision);
    RAISE EXCEPTION '% is kept %', named, CASE
        WHEN kept IS NULL THEN 'while it is a draft'
        WHEN kept >= '9999-12-31 00:00:00+00' THEN 'while it is valid, which nothing ended yet'
        ELSE 'until ' || evidence_said(kept) || coalesce(' (' || rule.basis || ': '
            || coalesce(nullif(rule.text_en, ''), nullif(rule.text_ja, '')) || ')', '') END
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kept';
END $$;

CREATE FUNCTION evidence_said(moment timestamptz) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;

-- What keeps a revision longest: its last extension, or the class that it was submitted under.
CREATE FUNCTION evidence_rule_of(revision bigint) RETURNS TABLE (basis text, text_ja text, text_en text)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(x.basis, r.retention ->> 'basis', 'rule'),
           CASE WHEN x.basis IS NULL THEN coalesce(r.retention ->> 'ja', '') ELSE x.text_ja END,
           CASE WHEN x.basis IS NULL THEN coalesce(r.retention ->> 'en', '') ELSE x.text_en END
    FROM evidence_revision r LEFT JOIN LATERAL (
        SELECT e.basis, e.text_ja, e.text_en FROM evidence_retentionextension e
        WHERE e.revision_id = r.id AND e.until >= r.retain_until AND e.until >= evidence_kept_until(r.id)
        ORDER BY e.until DESC LIMIT 1) x ON true
    WHERE r.id = revision
$$;

-- Waits for whoever adds a revision to, decides about or puts a hold on the artefacts that have the file, and then takes
-- the file for this transaction; false where somebody is using it. Nothing is waited for while the file is taken, so
-- that who receives the same bytes at this moment goes first. The row's lock is the one that whatever names the file
-- takes; the application has none of its own on a table to which rows are only added.
CREATE FUNCTION evidence_take_file(file bigint) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM evidence_artefact a WHERE a.id IN (
        SELECT r.artefact_id FROM evidence_revisionfile f JOIN evidence_revision r ON r.id = f.revision_id
        WHERE f.file_id = file) ORDER BY a.id FOR NO KEY UPDATE;
    PERFORM FROM evidence_storedfile s WHERE s.id = file FOR UPDATE NOWAIT;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;

-- Keeps a file from being taken until this transaction ends; waits for who has taken it.
CREATE FUNCTION evidence_use_file(file bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM evidence_storedfile s WHERE s.id = file FOR KEY SHARE;
END $$;
"""

# Revisions had a date that nobody set and a hold without a name. What was submitted gets what its kind says now; the
# table is rewritten, and logged as it is then (trail/capture.py). An update would be logged as one of a row that no
# event tells of, since the columns are new.
EXISTING = """
INSERT INTO evidence_legalhold (artefact_id, revision_id, reason, placed_by_id, placed_at)
SELECT artefact_id, id, 'Carried over: the hold was placed before reasons were recorded.', NULL,
       coalesce(submitted_at, created_at)
FROM evidence_revision WHERE legal_hold;
-- What is still to be checked of these rows would be in the way of the triggers below.
SET CONSTRAINTS ALL IMMEDIATE;

ALTER TABLE evidence_revision
    ALTER COLUMN retention TYPE jsonb
        USING CASE WHEN submitted_at IS NULL THEN '{}' ELSE evidence_class_of(artefact_id) END,
    ALTER COLUMN retain_until TYPE timestamptz
        USING CASE WHEN submitted_at IS NULL THEN retain_until
              ELSE greatest(retain_until, evidence_promised(evidence_class_of(artefact_id), submitted_at, valid_until)) END;
"""

TRIGGERS = """
CREATE OR REPLACE FUNCTION evidence_revision_is_immutable() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.submitted_at IS NOT NULL THEN
        IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'retain_until') = (to_jsonb(OLD) - 'retain_until')
           AND coalesce(NEW.retain_until >= OLD.retain_until, OLD.retain_until IS NULL) THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'DELETE' AND OLD.submitted_at IS NULL THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'revision % was submitted: it is never changed, and kept no shorter', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION evidence_promise() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.submitted_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.submitted_at IS NULL) THEN
        NEW.retention := evidence_class_of(NEW.artefact_id);
        NEW.retain_until := greatest(NEW.retain_until, NEW.submitted_at,
                                     evidence_promised(NEW.retention, NEW.submitted_at, NEW.valid_until));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER revision_is_promised BEFORE INSERT OR UPDATE ON evidence_revision
    FOR EACH ROW EXECUTE FUNCTION evidence_promise();
ALTER TABLE evidence_revision ENABLE ALWAYS TRIGGER revision_is_promised;

-- The artefact's lock makes an extension, or a hold, and a disposal that is under way take turns.
CREATE FUNCTION evidence_extend() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM evidence_artefact WHERE id = (SELECT artefact_id FROM evidence_revision WHERE id = NEW.revision_id)
        FOR NO KEY UPDATE;
    SELECT retain_until INTO NEW.before FROM evidence_revision
    WHERE id = NEW.revision_id AND submitted_at IS NOT NULL FOR NO KEY UPDATE;
    IF NEW.before IS NULL OR NEW.until <= NEW.before THEN
        RAISE EXCEPTION 'revision % is kept until % already, or not submitted', NEW.revision_id, NEW.before
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'extended';
    END IF;
    UPDATE evidence_revision SET retain_until = NEW.until WHERE id = NEW.revision_id;
    RETURN NEW;
END $$;
CREATE TRIGGER retention_is_extended BEFORE INSERT ON evidence_retentionextension
    FOR EACH ROW EXECUTE FUNCTION evidence_extend();
ALTER TABLE evidence_retentionextension ENABLE ALWAYS TRIGGER retention_is_extended;

CREATE FUNCTION evidence_place_hold() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM evidence_artefact WHERE id = NEW.artefact_id FOR NO KEY UPDATE;
    IF NEW.placed_by_id IS NULL OR NEW.revision_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM evidence_revision r
        WHERE r.id = NEW.revision_id AND r.artefact_id = NEW.artefact_id AND r.submitted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a person holds an artefact, or a submitted revision of it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_placed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold_is_placed BEFORE INSERT ON evidence_legalhold
    FOR EACH ROW EXECUTE FUNCTION evidence_place_hold();
ALTER TABLE evidence_legalhold ENABLE ALWAYS TRIGGER hold_is_placed;

CREATE FUNCTION evidence_release_hold() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM evidence_legalhold h WHERE h.id = NEW.hold_id AND h.placed_by_id = NEW.released_by_id) THEN
        RAISE EXCEPTION 'hold % is released by another person than who placed it', NEW.hold_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'released_by_another';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold_is_released BEFORE INSERT ON evidence_holdrelease
    FOR EACH ROW EXECUTE FUNCTION evidence_release_hold();
ALTER TABLE evidence_holdrelease ENABLE ALWAYS TRIGGER hold_is_released;

CREATE FUNCTION evidence_dispose() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named record; found_any boolean := false;
BEGIN
    IF NOT evidence_take_file(NEW.file_id) THEN
        RAISE EXCEPTION 'file % is being received or read over at this moment', NEW.file_id
            USING ERRCODE = 'lock_not_available';
    END IF;
    FOR named IN SELECT r.id, r.artefact_id FROM evidence_revisionfile f JOIN evidence_revision r ON r.id = f.revision_id
                 WHERE f.file_id = NEW.file_id ORDER BY r.id LOOP
        found_any := true;
        PERFORM evidence_refuse_while_kept(named.artefact_id, named.id, false);
    END LOOP;
    IF NOT found_any OR NEW.removed_at IS NOT NULL OR NOT (NEW.stopped_at IS NULL AND NEW.restored_at IS NULL) THEN
        RAISE EXCEPTION 'file % is no file of a revision, or its disposal begins at its end', NEW.file_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disposed';
    END IF;
    SELECT k.kept, rule.basis, rule.text_ja, rule.text_en INTO NEW.kept_until, NEW.basis, NEW.text_ja, NEW.text_en
    FROM evidence_revisionfile f, evidence_kept_until(f.revision_id) k (kept), evidence_rule_of(f.revision_id) rule
    WHERE f.file_id = NEW.file_id ORDER BY k.kept DESC, f.revision_id LIMIT 1;
    RETURN NEW;
END $$;
CREATE TRIGGER disposal_is_due BEFORE INSERT ON evidence_disposal
    FOR EACH ROW EXECUTE FUNCTION evidence_dispose();
ALTER TABLE evidence_disposal ENABLE ALWAYS TRIGGER disposal_is_due;

CREATE FUNCTION evidence_disposal_goes_on() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moments text[] := ARRAY['removed_at', 'stopped_at', 'restored_at'];
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - moments) = (to_jsonb(OLD) - moments)
       AND OLD.stopped_at IS NULL AND OLD.restored_at IS NULL
       AND (OLD.removed_at IS NULL OR NEW.removed_at = OLD.removed_at)
       AND NOT (NEW.stopped_at IS NOT NULL AND (NEW.removed_at IS NOT NULL OR NEW.restored_at IS NOT NULL)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'disposal % is removed, stopped or undone once, and never changed otherwise', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER disposal_goes_on BEFORE UPDATE OR DELETE ON evidence_disposal
    FOR EACH ROW EXECUTE FUNCTION evidence_disposal_goes_on();
ALTER TABLE evidence_disposal ENABLE ALWAYS TRIGGER disposal_goes_on;

CREATE FUNCTION evidence_file_is_there() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM evidence_use_file(NEW.file_id);
    IF EXISTS (SELECT FROM evidence_disposal d
               WHERE d.file_id = NEW.file_id AND d.stopped_at IS NULL AND d.restored_at IS NULL) THEN
        RAISE EXCEPTION 'file % was disposed of', NEW.file_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disposed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER file_is_there BEFORE INSERT OR UPDATE OF file_id ON evidence_revisionfile
    FOR EACH ROW EXECUTE FUNCTION evidence_file_is_there();
ALTER TABLE evidence_revisionfile ENABLE ALWAYS TRIGGER file_is_there;
"""

# What the log says of evidence that has to be kept is not forgotten either, unless a law demands it: the redaction's
# own event, which nobody but the trail can write, names that law. Whom an entry is about is asked of the rows.
ENTRIES = """
CREATE FUNCTION evidence_told_of(object text) RETURNS TABLE (artefact bigint, revision bigint) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    noun text := split_part(translate(object, ':', '/'), '/', 1);
    key bigint := CASE WHEN split_part(translate(object, ':', '/'), '/', 2) ~ '^[0-9]{1,18}$'
                  THEN split_part(translate(object, ':', '/'), '/', 2)::bigint END;
    hold bigint := CASE noun WHEN 'evidence_legalhold' THEN key WHEN 'hold' THEN key
        WHEN 'evidence_holdrelease' THEN (SELECT l.hold_id FROM evidence_holdrelease l WHERE l.id = key) END;
BEGIN
    -- Of a draft nothing was promised; a hold on its artefact covers it.
    RETURN QUERY SELECT r.artefact_id, CASE WHEN r.submitted_at IS NOT NULL THEN r.id END
    FROM evidence_revision r WHERE CASE noun
        WHEN 'evidence_revision' THEN r.id = key
        WHEN 'revision' THEN r.id = key
        WHEN 'evidence_revisionfile' THEN r.id = (SELECT f.revision_id FROM evidence_revisionfile f WHERE f.id = key)
        WHEN 'evidence_decision' THEN r.id = (SELECT d.revision_id FROM evidence_decision d WHERE d.id = key)
        WHEN 'evidence_retentionextension' THEN
            r.id = (SELECT e.revision_id FROM evidence_retentionextension e WHERE e.id = key)
        WHEN 'evidence_storedfile' THEN r.id IN (SELECT f.revision_id FROM evidence_revisionfile f WHERE f.file_id = key)
        WHEN 'file' THEN r.id IN (SELECT f.revision_id FROM evidence_revisionfile f WHERE f.file_id = key)
        WHEN 'evidence_artefact' THEN r.artefact_id = key
        WHEN 'artefact' THEN r.artefact_id = key
        ELSE hold IS NOT NULL AND r.id IN (
            SELECT x.id FROM evidence_legalhold h JOIN evidence_revision x
            ON x.artefact_id = h.artefact_id AND (h.revision_id IS NULL OR h.revision_id = x.id) WHERE h.id = hold) END;
    -- An artefact that has no revision can be on hold, too.
    RETURN QUERY SELECT h.artefact_id, h.revision_id FROM evidence_legalhold h
    WHERE h.id = hold OR noun IN ('evidence_artefact', 'artefact') AND h.artefact_id = key;
END $$;

CREATE FUNCTION evidence_erasure_demanded(entry bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM trail.outbox o WHERE o.source = 'app' AND o.kind = 'trail.redacted'
        AND o.subject = 'entry:' || entry AND o.xid = pg_current_xact_id() AND o.payload ->> 'demanded_by' <> '')
$$;

CREATE FUNCTION evidence_keeps_entries() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    about record;
BEGIN
    FOR about IN SELECT t.* FROM trail.log l, evidence_told_of(l.object) t WHERE l.seq = OLD.seq LOOP
        PERFORM evidence_refuse_while_kept(about.artefact, about.revision, evidence_erasure_demanded(OLD.seq));
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER evidence_keeps_entries BEFORE UPDATE ON trail.disclosure
    FOR EACH ROW EXECUTE FUNCTION evidence_keeps_entries();
ALTER TABLE trail.disclosure ENABLE ALWAYS TRIGGER evidence_keeps_entries;
"""

GRANTS = """
REVOKE EXECUTE ON FUNCTION evidence_after(timestamptz, text, text), evidence_class_of(bigint),
    evidence_promised(jsonb, timestamptz, timestamptz), evidence_validity_end(bigint), evidence_kept_until(bigint),
    evidence_surely_past(), evidence_held(bigint, bigint), evidence_refuse_while_kept(bigint, bigint, boolean),
    evidence_said(timestamptz), evidence_rule_of(bigint), evidence_take_file(bigint), evidence_use_file(bigint),
    evidence_told_of(text), evidence_erasure_demanded(bigint), evidence_promise(), evidence_extend(),
    evidence_place_hold(), evidence_release_hold(), evidence_dispose(), evidence_disposal_goes_on(),
    evidence_file_is_there(), evidence_keeps_entries() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION evidence_after(timestamptz, text, text), evidence_class_of(bigint),
    evidence_promised(jsonb, timestamptz, timestamptz), evidence_validity_end(bigint), evidence_kept_until(bigint),
    evidence_surely_past(), evidence_held(bigint, bigint), evidence_refuse_while_kept(bigint, bigint, boolean),
    evidence_said(timestamptz), evidence_rule_of(bigint), evidence_take_file(bigint), evidence_use_file(bigint)
    TO dcase_app;
"""


class Migration(migrations.Migration):
    dependencies = [("evidence", "0005_retention"), ("trail", "0002_log")]
    operations = [
        migrations.RunSQL(KEPT),
        migrations.RunSQL(EXISTING),
        migrations.RemoveField(model_name="revision", name="legal_hold"),
        migrations.RunSQL(REFUSALS),
        migrations.RunSQL(TRIGGERS),
        migrations.RunSQL(ENTRIES),
        migrations.RunSQL(GRANTS),
    ]
