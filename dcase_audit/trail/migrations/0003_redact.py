from django.db import migrations

# It is told which law demands an erasure, too; what migrating makes afterwards would stand beside this one.
OLD = "DROP FUNCTION IF EXISTS trail.redact(bigint, text[], text)"


class Migration(migrations.Migration):
    dependencies = [("trail", "0002_log")]
    operations = [migrations.RunSQL(OLD, migrations.RunSQL.noop)]
