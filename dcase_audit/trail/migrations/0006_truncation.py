from django.db import migrations

# What the sequencer takes is written again at once: giving its pages back to the file system and asking for them anew
# costs writers a quarter of what the capture does, and each giving back a lock that all of them wait for.
KEPT = "ALTER TABLE trail.outbox SET (vacuum_truncate = off)"


class Migration(migrations.Migration):
    dependencies = [("trail", "0005_printed")]
    operations = [migrations.RunSQL(KEPT, "ALTER TABLE trail.outbox RESET (vacuum_truncate)")]
