from django.db import migrations

# The row before comes whole, and the sequencer hashes it. "before" is of events that an earlier version captured: those
# that wait, and those of the migrations after this one, which still have its function.
PRINTED = """
-- The first one's body is bound to the column.
CREATE OR REPLACE FUNCTION trail.record(kind text, subject text, payload jsonb) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO trail.outbox (source, kind, subject, payload, context)
    VALUES ('app', kind, subject, payload, trail.context());
END $$;
ALTER TABLE trail.outbox ALTER payload TYPE json, ADD COLUMN previous json;
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0004_tokens")]
    operations = [migrations.RunSQL(PRINTED)]
