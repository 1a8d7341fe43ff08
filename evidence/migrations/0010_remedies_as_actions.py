import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

# An action had neither an owner nor a day, and was closed without evidence: it is its proposer's, was due when it was
# proposed, and is open again where nothing shows that it was done. Constraints that wait would keep the table locked.
ANEW = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE evidence_targetremedy SET owner_id = added_by_id, due_on = (added_at AT TIME ZONE 'UTC')::date,
    closed_at = NULL, closed_by_id = NULL, closing_note = '';
SET CONSTRAINTS ALL DEFERRED;
"""
KEPT = """
CREATE FUNCTION evidence_keep_action() RETURNS trigger LANGUAGE plpgsql
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
REVOKE EXECUTE ON FUNCTION evidence_keep_action() FROM PUBLIC;
CREATE TRIGGER evidence_keep_action BEFORE UPDATE OR DELETE ON evidence_targetremedy
    FOR EACH ROW EXECUTE FUNCTION evidence_keep_action();
ALTER TABLE evidence_targetremedy ENABLE ALWAYS TRIGGER evidence_keep_action;
"""
FREE = """
DROP TRIGGER evidence_keep_action ON evidence_targetremedy;
DROP FUNCTION evidence_keep_action();
"""


def renamed(old, new):
    return migrations.RenameField(model_name='targetremedy', old_name=old, new_name=new)


def field(operation, name, field):
    return operation(model_name='targetremedy', name=name, field=field)


def person(**more):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, **more
    )


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0009_targets'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='targetremedy', name='remedy_closed_by_another'),
        migrations.RemoveConstraint(model_name='targetremedy', name='remedy_closed_by_somebody'),
        renamed('action', 'text'),
        renamed('proposed_by', 'added_by'),
        renamed('proposed_at', 'added_at'),
        renamed('closed_because', 'closing_note'),
        field(migrations.AddField, 'owner', person(null=True)),
        field(migrations.AddField, 'due_on', models.DateField(null=True)),
        field(
            migrations.AddField,
            'evidence',
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.revision'
            ),
        ),
        migrations.RunSQL(ANEW, migrations.RunSQL.noop),
        field(migrations.AlterField, 'owner', person()),
        field(migrations.AlterField, 'due_on', models.DateField()),
        migrations.AddIndex(
            model_name='targetremedy',
            index=models.Index(models.F('due_on'), condition=Q(closed_at=None), name='targetremedy_awaited'),
        ),
        migrations.AddConstraint(
            model_name='targetremedy',
            constraint=models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(closed_by=F('owner')), name='targetremedy_closed_by_another'
            ),
        ),
        migrations.AddConstraint(
            model_name='targetremedy',
            constraint=models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, evidence=None, closing_note='')
                | Q(closed_at__isnull=False, closed_by__isnull=False, evidence__isnull=False),
                name='targetremedy_closed_on_evidence',
            ),
        ),
        migrations.RunSQL(KEPT, FREE),
    ]
