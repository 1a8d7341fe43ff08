"""What the database itself refuses about evidence that has left its author's hands."""

from django.db import migrations

IMMUTABLE = """
CREATE FUNCTION evidence_revision_is_immutable() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.submitted_at IS NOT NULL THEN
        IF TG_OP = 'UPDATE'
           AND (to_jsonb(NEW) - 'legal_hold' - 'retain_until') = (to_jsonb(OLD) - 'legal_hold' - 'retain_until')
           AND coalesce(NEW.retain_until >= OLD.retain_until, OLD.retain_until IS NULL) THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'DELETE' AND OLD.submitted_at IS NULL THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'revision % was submitted: it is never changed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER revision_is_immutable BEFORE UPDATE OR DELETE ON evidence_revision
    FOR EACH ROW EXECUTE FUNCTION evidence_revision_is_immutable();
ALTER TABLE evidence_revision ENABLE ALWAYS TRIGGER revision_is_immutable;

CREATE FUNCTION evidence_files_are_immutable() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE named record;
BEGIN
    -- Both revisions of a file that would move; locked, so that none is being submitted meanwhile.
    FOR named IN SELECT id, submitted_at FROM public.evidence_revision
                 WHERE id IN (OLD.revision_id, NEW.revision_id) ORDER BY id FOR SHARE LOOP
        IF named.submitted_at IS NOT NULL THEN
            RAISE EXCEPTION 'revision % was submitted: its files are never changed', named.id
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER files_are_immutable BEFORE INSERT OR UPDATE OR DELETE ON evidence_revisionfile
    FOR EACH ROW EXECUTE FUNCTION evidence_files_are_immutable();
ALTER TABLE evidence_revisionfile ENABLE ALWAYS TRIGGER files_are_immutable;
REVOKE EXECUTE ON FUNCTION evidence_revision_is_immutable(), evidence_files_are_immutable() FROM PUBLIC;
"""
UNDO = """
DROP TRIGGER files_are_immutable ON evidence_revisionfile;
DROP TRIGGER revision_is_immutable ON evidence_revision;
DROP FUNCTION evidence_files_are_immutable();
DROP FUNCTION evidence_revision_is_immutable();
"""


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]
    operations = [migrations.RunSQL(IMMUTABLE, UNDO)]
