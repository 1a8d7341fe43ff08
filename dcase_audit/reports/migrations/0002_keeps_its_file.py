from django.db import migrations

# Somebody may have uploaded a report as evidence: then its bytes are the report's as well, and no retention of the
# evidence says when they go.
KEEPS = """
CREATE FUNCTION reports_keep_their_files() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    report bigint := (SELECT min(r.id) FROM reports_accountabilityreport r WHERE r.file_id = NEW.file_id);
BEGIN
    IF report IS NOT NULL THEN
        RAISE EXCEPTION 'the file is report %, too', report USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kept';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION reports_keep_their_files() FROM PUBLIC;
CREATE TRIGGER reports_keep_theirs BEFORE INSERT ON evidence_disposal
    FOR EACH ROW EXECUTE FUNCTION reports_keep_their_files();
ALTER TABLE evidence_disposal ENABLE ALWAYS TRIGGER reports_keep_theirs;
"""
UNDO = "DROP TRIGGER reports_keep_theirs ON evidence_disposal; DROP FUNCTION reports_keep_their_files();"


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial"), ("evidence", "0006_keeping")]
    operations = [migrations.RunSQL(KEEPS, UNDO)]
