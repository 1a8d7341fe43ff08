from django.db import migrations, models
from django.db.models import F, Q

SHARED = """
DROP TRIGGER drills_keep_action ON drills_correctiveaction;
DROP FUNCTION drills_keep_action();
CREATE TRIGGER evidence_keep_action BEFORE UPDATE OR DELETE ON drills_correctiveaction
    FOR EACH ROW EXECUTE FUNCTION evidence_keep_action();
ALTER TABLE drills_correctiveaction ENABLE ALWAYS TRIGGER evidence_keep_action;
"""
APART = """
DROP TRIGGER evidence_keep_action ON drills_correctiveaction;
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
"""


class Migration(migrations.Migration):

    dependencies = [
        ('drills', '0013_unread_alerts'),
        ('evidence', '0010_remedies_as_actions'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='correctiveaction', name='action_closed_by_another'),
        migrations.RemoveConstraint(model_name='correctiveaction', name='action_closed_on_evidence'),
        migrations.RenameIndex(model_name='correctiveaction', old_name='action_awaited', new_name='correctiveaction_awaited'),
        migrations.AddConstraint(
            model_name='correctiveaction',
            constraint=models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(closed_by=F('owner')), name='correctiveaction_closed_by_another'
            ),
        ),
        migrations.AddConstraint(
            model_name='correctiveaction',
            constraint=models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, evidence=None, closing_note='')
                | Q(closed_at__isnull=False, closed_by__isnull=False, evidence__isnull=False),
                name='correctiveaction_closed_on_evidence',
            ),
        ),
        migrations.RunSQL(SHARED, APART),
    ]
