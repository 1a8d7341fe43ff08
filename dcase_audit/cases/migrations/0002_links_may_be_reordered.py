from django.db import migrations, models
from django.db.models import Q

LINK = ["source", "target", "kind"]


class Migration(migrations.Migration):
    """A draft may give a link in force another place: it holds a row of its own beside the one in force."""

    dependencies = [("cases", "0001_initial")]
    operations = [
        migrations.RemoveConstraint("link", "one_link_of_a_kind"),
        migrations.AddConstraint(
            "link", models.UniqueConstraint(fields=LINK, condition=Q(edition_from=None), name="one_draft_link")
        ),
        migrations.AddConstraint(
            "link",
            models.UniqueConstraint(
                fields=LINK,
                condition=Q(edition_from__isnull=False, edition_until=None),
                name="one_link_in_force",
            ),
        ),
    ]
