from django.db import migrations

# Several authorities stamp one checkpoint; the number tells their files apart.
TOKEN = """
ALTER TABLE trail.token ADD COLUMN number integer NOT NULL, ADD UNIQUE (size, number);
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0003_redact")]
    operations = [migrations.RunSQL(TOKEN)]
