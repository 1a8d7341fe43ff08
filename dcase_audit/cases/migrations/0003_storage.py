"""How the tables that change with every settle are stored, as measured: updates stay in their page, deletes are swept."""

from django.db import migrations

STORAGE = """
ALTER TABLE cases_nodestatus SET (fillfactor = 70);
ALTER TABLE cases_forecast SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE cases_settlement SET (fillfactor = 50);
"""
UNDO = """
ALTER TABLE cases_nodestatus RESET (fillfactor);
ALTER TABLE cases_forecast RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE cases_settlement RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_links_may_be_reordered")]
    operations = [migrations.RunSQL(STORAGE, UNDO)]
