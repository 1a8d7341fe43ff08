import django.db.models.deletion
from datetime import datetime, timezone

from django.conf import settings
from django.db import migrations, models

# Nothing wrote the table before: what stands here is for nobody.
LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)


def added(name, field):
    return migrations.AddField(model_name='targetperiod', name=name, field=field, preserve_default=False)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0004_labels'),
        ('evidence', '0008_revision_created'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        added('service', models.CharField(blank=True, max_length=100, default='')),
        added('calendar', models.CharField(max_length=60, default='')),
        added('as_of', models.DateTimeField(default=LONG_AGO)),
        added('required_ms', models.BigIntegerField(default=0)),
        added('excused_ms', models.BigIntegerField(default=0)),
        added('down_ms', models.BigIntegerField(default=0)),
        added('unknown_ms', models.BigIntegerField(default=0)),
        added('ahead_ms', models.BigIntegerField(default=0)),
        added('outages', models.PositiveIntegerField(default=0)),
        added('resolution_ms', models.PositiveIntegerField(default=1)),
        migrations.AddConstraint(
            model_name='targetperiod',
            constraint=models.CheckConstraint(
                condition=models.Q(('until__gt', models.F('start'))), name='target_period_ends_after_start'
            ),
        ),
        migrations.AddIndex(
            model_name='targetperiod',
            index=models.Index(fields=['node', 'service', 'start'], name='target_period_of_node'),
        ),
        migrations.CreateModel(
            name='TargetRemedy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.DateTimeField(db_column='from')),
                ('until', models.DateTimeField()),
                ('action', models.TextField()),
                ('proposed_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_because', models.TextField(blank=True)),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='target_remedies', to='cases.node')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['start', 'id'],
                'constraints': [
                    models.UniqueConstraint(fields=('node', 'start', 'until'), name='one_remedy_a_period'),
                    models.CheckConstraint(condition=models.Q(('closed_by', models.F('proposed_by')), _negated=True), name='remedy_closed_by_another'),
                    models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False)), _connector='OR'), name='remedy_closed_by_somebody'),
                ],
            },
        ),
    ]
