import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0004_labels'),
        ('drills', '0011_findings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TargetFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(verbose_name='since')),
                ('until', models.DateTimeField(null=True, verbose_name='until')),
                ('added_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('monitor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feeds', to='drills.monitor', verbose_name='monitor')),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feeds', to='cases.node', verbose_name='context with the target')),
            ],
            options={
                'verbose_name': 'measured target',
                'verbose_name_plural': 'measured targets',
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('until', None)), fields=('monitor', 'node'), name='one_open_feed'),
                    models.CheckConstraint(condition=models.Q(('until', None), ('until__gt', models.F('since')), _connector='OR'), name='feed_ends_after_start'),
                ],
            },
        ),
    ]
