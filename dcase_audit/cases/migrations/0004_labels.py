from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0003_storage'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='labels',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
