import dcase_audit.cases.models
import django.db.models.deletion
import evidence.models.artefacts
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0004_words'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Whichever language it is in: pages show the one there is.
        migrations.RenameField(model_name='kind', old_name='retention_basis', new_name='retention_text_ja'),
        migrations.AddField(
            model_name='kind',
            name='retention_from',
            field=models.CharField(choices=[('received', 'its receipt'), ('validity_end', 'the end of its validity')], default='received', max_length=12, verbose_name='counted from'),
        ),
        migrations.AddField(
            model_name='kind',
            name='retention_text_en',
            field=models.CharField(blank=True, max_length=300, verbose_name='basis of the retention (English)'),
        ),
        migrations.AlterField(
            model_name='kind',
            name='retention_text_ja',
            field=models.CharField(blank=True, max_length=300, verbose_name='basis of the retention (Japanese)'),
        ),
        migrations.AddField(
            model_name='kind',
            name='retention_zone',
            field=models.CharField(default=evidence.models.artefacts.organisation_zone, max_length=60, validators=[dcase_audit.cases.models.zone_name], verbose_name='calendar of the time zone'),
        ),
        migrations.AddField(
            model_name='revision',
            name='retention',
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name='retention class'),
        ),
        migrations.AlterField(
            model_name='kind',
            name='retention',
            field=dcase_audit.cases.models.DurationField(blank=True, default='P10Y', max_length=40, validators=[dcase_audit.cases.models.duration_text], verbose_name='kept for at least'),
        ),
        migrations.AddField(
            model_name='kind',
            name='retention_basis',
            field=models.CharField(choices=[('law', 'law'), ('contract', 'contract'), ('rule', 'rule of the organisation')], default='rule', max_length=8, verbose_name='kept by reason of'),
        ),
        migrations.AlterField(
            model_name='revision',
            name='retain_until',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='kept at least until'),
        ),
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField(verbose_name='reason')),
                ('placed_at', models.DateTimeField(verbose_name='placed')),
                ('artefact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='evidence.artefact', verbose_name='artefact')),
                ('placed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='placed by')),
                ('revision', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='evidence.revision', verbose_name='revision')),
            ],
            options={
                'verbose_name': 'legal hold',
                'verbose_name_plural': 'legal holds',
                'ordering': ['placed_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='HoldRelease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField(verbose_name='reason')),
                ('released_at', models.DateTimeField(verbose_name='released')),
                ('released_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='released by')),
                ('hold', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='release', to='evidence.legalhold', verbose_name='legal hold')),
            ],
            options={
                'verbose_name': 'release of a legal hold',
                'verbose_name_plural': 'releases of legal holds',
            },
        ),
        migrations.CreateModel(
            name='RetentionExtension',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until', models.DateTimeField(verbose_name='kept at least until')),
                ('before', models.DateTimeField(editable=False, verbose_name='until then kept at least until')),
                ('basis', models.CharField(choices=[('law', 'law'), ('contract', 'contract'), ('rule', 'rule of the organisation')], max_length=8, verbose_name='kept by reason of')),
                ('text_ja', models.CharField(blank=True, max_length=300, verbose_name='basis of the retention (Japanese)')),
                ('text_en', models.CharField(blank=True, max_length=300, verbose_name='basis of the retention (English)')),
                ('extended_at', models.DateTimeField(verbose_name='extended')),
                ('extended_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='extended by')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='extensions', to='evidence.revision', verbose_name='revision')),
            ],
            options={
                'verbose_name': 'extension of a retention',
                'verbose_name_plural': 'extensions of retentions',
                'ordering': ['until'],
            },
        ),
        migrations.CreateModel(
            name='Disposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField(verbose_name='reason')),
                ('basis', models.CharField(choices=[('law', 'law'), ('contract', 'contract'), ('rule', 'rule of the organisation')], editable=False, max_length=8, verbose_name='was kept by reason of')),
                ('text_ja', models.CharField(editable=False, max_length=300, verbose_name='basis of the retention (Japanese)')),
                ('text_en', models.CharField(editable=False, max_length=300, verbose_name='basis of the retention (English)')),
                ('kept_until', models.DateTimeField(editable=False, verbose_name='was kept until')),
                ('disposed_at', models.DateTimeField(verbose_name='disposed of')),
                ('removed_at', models.DateTimeField(blank=True, null=True, verbose_name='bytes removed')),
                ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='stopped')),
                ('restored_at', models.DateTimeField(blank=True, null=True, verbose_name='received anew')),
                ('disposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='disposed of by')),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disposals', to='evidence.storedfile', verbose_name='file')),
            ],
            options={
                'verbose_name': 'disposal of a file',
                'verbose_name_plural': 'disposals of files',
                'ordering': ['disposed_at', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='disposal_gives_a_reason'), models.UniqueConstraint(condition=models.Q(('restored_at', None), ('stopped_at', None)), fields=('file',), name='one_standing_disposal')],
            },
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='hold_gives_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='holdrelease',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='release_gives_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='retentionextension',
            constraint=models.CheckConstraint(condition=models.Q(('until__gt', models.F('before'))), name='extension_extends'),
        ),
        migrations.AddConstraint(
            model_name='retentionextension',
            constraint=models.CheckConstraint(condition=models.Q(('text_en', ''), ('text_ja', ''), _negated=True), name='extension_says_its_basis'),
        ),
    ]
