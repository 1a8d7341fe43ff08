from django.db import migrations

# What the log says of a drill's result is kept as long as the revision that the result became (evidence 0006).
KEEPS = """
CREATE FUNCTION drills_keep_entries() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    about record;
BEGIN
    FOR about IN
        WITH entry AS (
            SELECT split_part(translate(l.object, ':', '/'), '/', 1) AS noun,
                   split_part(translate(l.object, ':', '/'), '/', 2) AS key
            FROM trail.log l WHERE l.seq = OLD.seq)
        SELECT r.artefact_id, r.id FROM entry e
        JOIN drills_drillresult d ON CASE e.noun
            WHEN 'drills_drillresult' THEN d.id::text = e.key
            WHEN 'drill_result' THEN d.id::text = e.key
            WHEN 'drills_checkitem' THEN d.id = (SELECT c.result_id FROM drills_checkitem c WHERE c.id::text = e.key)
            ELSE false END
        JOIN evidence_revision r ON r.id = d.revision_id
    LOOP
        PERFORM evidence_refuse_while_kept(about.artefact_id, about.id, evidence_erasure_demanded(OLD.seq));
    END LOOP;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION drills_keep_entries() FROM PUBLIC;
CREATE TRIGGER drills_keep_entries BEFORE UPDATE ON trail.disclosure
    FOR EACH ROW EXECUTE FUNCTION drills_keep_entries();
ALTER TABLE trail.disclosure ENABLE ALWAYS TRIGGER drills_keep_entries;
"""
UNDO = "DROP TRIGGER drills_keep_entries ON trail.disclosure; DROP FUNCTION drills_keep_entries();"


class Migration(migrations.Migration):
    dependencies = [("drills", "0002_words"), ("evidence", "0006_keeping")]
    operations = [migrations.RunSQL(KEEPS, UNDO)]
