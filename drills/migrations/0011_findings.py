from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Of a corrective action nothing changes but that it is closed, once; it is never deleted. A signature names the record
# of its result. What the log says of findings about results, of their actions and signatures, is kept with the result.
KEEPS = """
CREATE FUNCTION drills_keep_action() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['closed_at', 'closed_by_id', 'evidence_id', 'closing_note'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL
        AND to_jsonb(NEW) - may_change = to_jsonb(OLD) - may_change THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'corrective action %: it is closed once and not changed otherwise', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
REVOKE EXECUTE ON FUNCTION drills_keep_action() FROM PUBLIC;
CREATE TRIGGER drills_keep_action BEFORE UPDATE OR DELETE ON drills_correctiveaction
    FOR EACH ROW EXECUTE FUNCTION drills_keep_action();
ALTER TABLE drills_correctiveaction ENABLE ALWAYS TRIGGER drills_keep_action;
CREATE FUNCTION drills_sign_this_record() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM drills_drillresult r JOIN evidence_storedfile f ON f.id = r.raw_id
        WHERE r.id = NEW.result_id AND f.sha256 = NEW.record_sha256) THEN
        RAISE EXCEPTION 'a signature under result % names another record', NEW.result_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION drills_sign_this_record() FROM PUBLIC;
CREATE TRIGGER drills_sign_this_record BEFORE INSERT ON drills_signoff
    FOR EACH ROW EXECUTE FUNCTION drills_sign_this_record();
ALTER TABLE drills_signoff ENABLE ALWAYS TRIGGER drills_sign_this_record;
CREATE OR REPLACE FUNCTION drills_keep_entries() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    about record;
BEGIN
    FOR about IN
        WITH entry AS (
            SELECT split_part(translate(l.object, ':', '/'), '/', 1) AS noun,
                   split_part(translate(l.object, ':', '/'), '/', 2) AS key
            FROM trail.log l WHERE l.seq = OLD.seq)
        SELECT r.artefact_id, r.id FROM entry e
        JOIN drills_drillresult d ON CASE e.noun
            WHEN 'drills_drillresult' THEN d.id::text = e.key
            WHEN 'drill_result' THEN d.id::text = e.key
            WHEN 'drills_checkitem' THEN d.id = (SELECT c.result_id FROM drills_checkitem c WHERE c.id::text = e.key)
            WHEN 'drills_signoff' THEN d.id = (SELECT s.result_id FROM drills_signoff s WHERE s.id::text = e.key)
            WHEN 'drills_finding' THEN d.id = (SELECT f.result_id FROM drills_finding f WHERE f.id::text = e.key)
            WHEN 'finding' THEN d.id = (SELECT f.result_id FROM drills_finding f WHERE f.id::text = e.key)
            WHEN 'drills_correctiveaction' THEN d.id = (
                SELECT f.result_id FROM drills_correctiveaction a JOIN drills_finding f ON f.id = a.finding_id
                WHERE a.id::text = e.key)
            WHEN 'corrective_action' THEN d.id = (
                SELECT f.result_id FROM drills_correctiveaction a JOIN drills_finding f ON f.id = a.finding_id
                WHERE a.id::text = e.key)
            ELSE false END
        JOIN evidence_revision r ON r.id = d.revision_id
    LOOP
        PERFORM evidence_refuse_while_kept(about.artefact_id, about.id, evidence_erasure_demanded(OLD.seq));
    END LOOP;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION drills_keep_entries() FROM PUBLIC;
"""
BEFORE = import_module("drills.migrations.0003_keeps_entries").KEEPS.partition("REVOKE")[0]
UNDO = """
DROP TRIGGER drills_keep_action ON drills_correctiveaction;
DROP FUNCTION drills_keep_action();
DROP TRIGGER drills_sign_this_record ON drills_signoff;
DROP FUNCTION drills_sign_this_record();
""" + BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):

    dependencies = [
        ('drills', '0010_incoming_webhooks'),
        ('evidence', '0008_revision_created'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CorrectiveAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('due_on', models.DateField()),
                ('added_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('closing_note', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['due_on', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('severity', models.CharField(choices=[('minor', 'minor'), ('major', 'major'), ('critical', 'critical')], max_length=8)),
                ('text', models.TextField(blank=True)),
                ('cause', models.TextField(blank=True)),
                ('opened_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-opened_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='SignOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('observer', 'observer'), ('verifier', 'independent verifier'), ('responsible', 'responsible person')], max_length=11)),
                ('record_sha256', models.CharField(max_length=64)),
                ('statement', models.TextField(blank=True)),
                ('signed_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['signed_at', 'id'],
            },
        ),
        migrations.AddField(
            model_name='occurrence',
            name='cancelled_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='occurrence',
            name='cancelled_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='occurrence',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'cancelled'), models.Q(('cancelled_at', None), ('cancelled_by', None)), _connector='OR'), name='cancelled_by_somebody'),
        ),
        migrations.AddField(
            model_name='correctiveaction',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='correctiveaction',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='correctiveaction',
            name='evidence',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.revision'),
        ),
        migrations.AddField(
            model_name='correctiveaction',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='finding',
            name='drill',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='drills.drill'),
        ),
        migrations.AddField(
            model_name='finding',
            name='opened_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='finding',
            name='raw',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.storedfile'),
        ),
        migrations.AddField(
            model_name='finding',
            name='result',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='drills.drillresult'),
        ),
        migrations.AddField(
            model_name='correctiveaction',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='actions', to='drills.finding'),
        ),
        migrations.AddField(
            model_name='signoff',
            name='result',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_offs', to='drills.drillresult'),
        ),
        migrations.AddField(
            model_name='signoff',
            name='signed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.UniqueConstraint(condition=models.Q(('opened_by', None)), fields=('drill', 'raw'), name='one_finding_a_failed_record'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('opened_by__isnull', False), ('raw', None)), models.Q(('opened_by', None), ('raw__isnull', False), ('result__isnull', False)), _connector='OR'), name='finding_by_rule_or_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(('opened_by', None), models.Q(('text', ''), _negated=True), _connector='OR'), name='finding_says_what'),
        ),
        migrations.AddIndex(
            model_name='correctiveaction',
            index=models.Index(models.F('due_on'), condition=models.Q(('closed_at', None)), name='action_awaited'),
        ),
        migrations.AddConstraint(
            model_name='correctiveaction',
            constraint=models.CheckConstraint(condition=models.Q(('closed_by', None), models.Q(('closed_by', models.F('owner')), _negated=True), _connector='OR'), name='action_closed_by_another'),
        ),
        migrations.AddConstraint(
            model_name='correctiveaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None), ('closing_note', ''), ('evidence', None)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('evidence__isnull', False)), _connector='OR'), name='action_closed_on_evidence'),
        ),
        migrations.AddConstraint(
            model_name='signoff',
            constraint=models.UniqueConstraint(fields=('result', 'role', 'signed_by'), name='one_signature_a_role'),
        ),
        migrations.AddConstraint(
            model_name='signoff',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('role', 'verifier'), _negated=True), models.Q(('statement', ''), _negated=True), _connector='OR'), name='verifier_says_why'),
        ),
        migrations.RunSQL(KEEPS, UNDO),
    ]
