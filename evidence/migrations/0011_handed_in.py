import django.db.models.deletion
from django.db import migrations, models

# A quota is a day's, wherever its midnight is.
OF_TODAY = """
INSERT INTO evidence_handedin (department_id, at, files, bytes)
SELECT a.custodian_id, r.created_at, count(*), sum(f.size)
FROM evidence_revision r JOIN evidence_artefact a ON a.id = r.artefact_id
JOIN evidence_revisionfile u ON u.revision_id = r.id JOIN evidence_storedfile f ON f.id = u.file_id
WHERE r.created_at > now() - interval '2 days' GROUP BY r.id, a.custodian_id, r.created_at
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_token_rate"),
        ("evidence", "0010_remedies_as_actions"),
    ]

    operations = [
        migrations.CreateModel(
            name="HandedIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("files", models.PositiveIntegerField()),
                ("bytes", models.PositiveBigIntegerField()),
                (
                    "department",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.party",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["department", "at"], include=("files", "bytes"), name="handed_in_a_day")
                ],
            },
        ),
        migrations.RunSQL(OF_TODAY, migrations.RunSQL.noop),
    ]
