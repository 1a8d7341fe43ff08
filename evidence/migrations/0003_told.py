import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("evidence", "0002_promises")]
    operations = [
        migrations.CreateModel(
            name="Told",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="cases.case",
                    ),
                ),
                ("change_id", models.BigIntegerField(default=0)),
            ],
        ),
    ]
