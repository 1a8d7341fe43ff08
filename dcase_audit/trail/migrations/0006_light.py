from django.db import migrations

# What a writer pays for. The row before is put together as text, which "json" would read again. Pages that are given
# back to the file system are asked for anew at once, and giving them back takes a lock that every writer waits for.
# A name takes 64 bytes of each row. What the capture writes of a row is made of constants and a key, which is a number.
LIGHT = """
ALTER TABLE trail.outbox SET (vacuum_truncate = off), ALTER previous TYPE text, ALTER session_user_name TYPE text,
    DROP CONSTRAINT outbox_kind, DROP CONSTRAINT outbox_subject,
    ADD CONSTRAINT outbox_words CHECK (source = 'row'
        OR kind ~ '^[a-z_]+[.][a-z_]+$' AND subject ~ '^[!-~]+$' AND octet_length(subject) <= 200);
"""
BACK = """
ALTER TABLE trail.outbox RESET (vacuum_truncate), ALTER previous TYPE json USING previous::json,
    ALTER session_user_name TYPE name, DROP CONSTRAINT outbox_words,
    ADD CONSTRAINT outbox_subject CHECK (subject ~ '^[!-~]+$' AND octet_length(subject) <= 200),
    ADD CONSTRAINT outbox_kind CHECK (CASE source
        WHEN 'row' THEN kind IN ('insert', 'update', 'delete', 'baseline', 'shape')
        ELSE kind ~ '^[a-z_]+[.][a-z_]+$' END);
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0005_printed")]
    operations = [migrations.RunSQL(LIGHT, BACK)]
