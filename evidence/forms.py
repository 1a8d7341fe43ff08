"""What people enter about evidence. Days are the organisation's and inclusive; services take half-open moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dcase_audit import clock
from dcase_audit.accounts.models import Party, User
from dcase_audit.cases.dates import duration_text, language
from dcase_audit.errors import AuditError
from dcase_audit.form_fields import DayField
from dcase_audit.pages import ORGANISATION_ZONE, refusal_text
from evidence.models import Artefact, Kind, Revision
from evidence.storage import clean_name

INTERVALS = ("", "P1M", "P3M", "P6M", "P1Y", "P2Y", "P3Y", "P5Y")


def day_field(label: Any, help_text: Any = "") -> DayField:
    """Return a field for a day, empty where none is meant."""
    return DayField(label=label, help_text=help_text, required=False)


def _not_to_come(day: date | None) -> date | None:
    """Refuse proof of days that are still to come."""
    if day is not None and day > clock.now().astimezone(ORGANISATION_ZONE).date():
        raise forms.ValidationError(_("This day is still to come; nothing proves it yet."))
    return day


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One file or several, none of them empty, each with a name that can be kept."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", ManyFilesInput())
        super().__init__(**kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data]
        found = [super(ManyFilesField, self).clean(file, initial) for file in files or [None]]
        try:
            for file in found:
                file.name = clean_name(file.name)
        except AuditError as refusal:
            raise forms.ValidationError(refusal_text(refusal)) from refusal
        return found


class InOwnLanguage:
    """Names the choices of a field by what they are called in the reader's language."""

    def label_from_instance(self, thing: Any) -> str:
        name = getattr(thing, "title", None) or thing.name
        return str(name(language()))


class NamedChoice(InOwnLanguage, forms.ModelChoiceField):
    pass


class ArtefactForm(forms.Form):
    """A new artefact of one of the person's departments."""

    kind = NamedChoice(label=gettext_lazy("Kind of evidence"), queryset=Kind.objects.all(), to_field_name="key")
    title_ja = forms.CharField(label=gettext_lazy("Title (Japanese)"), max_length=300, required=False)
    title_en = forms.CharField(label=gettext_lazy("Title (English)"), max_length=300, required=False)
    key = forms.SlugField(
        label=gettext_lazy("Key"),
        max_length=80,
        help_text=gettext_lazy("Lower-case letters, digits and hyphens; it appears in addresses and never changes."),
    )
    custodian = NamedChoice(
        label=gettext_lazy("Department that keeps it"), queryset=Party.objects.none(), to_field_name="key"
    )
    owner = NamedChoice(
        label=gettext_lazy("Person in charge"), queryset=User.objects.none(), to_field_name="username", required=False
    )
    review_interval = forms.ChoiceField(
        label=gettext_lazy("Reviewed every"),
        required=False,
        help_text=gettext_lazy("Without a last day of its own, a revision counts for so long after its review."),
    )

    def __init__(self, *args: Any, departments: QuerySet[Party], people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["custodian"].queryset = departments  # type: ignore[attr-defined]
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
        intervals = [(iso, duration_text(iso) if iso else _("no interval")) for iso in INTERVALS]
        self.fields["review_interval"].choices = intervals  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("title_ja") and not cleaned.get("title_en"):
            self.add_error("title_ja", _("Give a title in at least one language."))
        return cleaned


class RevisionForm(forms.Form):
    """A new revision: its files, what it covers and says, and two pairs of dates that must not be mixed up."""

    files = ManyFilesField(  # type: ignore[assignment]
        label=gettext_lazy("Files"), help_text=gettext_lazy("The first is the main document. Files are kept unchanged.")
    )
    verdict = forms.ChoiceField(
        label=gettext_lazy("What it says of the claim"),
        choices=Revision.Verdict.choices,
        initial=Revision.Verdict.SUPPORTS,
    )
    covers = forms.MultipleChoiceField(
        label=gettext_lazy("Covers"), required=False, widget=forms.CheckboxSelectMultiple
    )
    covers_also = forms.CharField(
        label=gettext_lazy("Covers also"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Further items, separated by commas."),
    )
    proves_from = day_field(gettext_lazy("Proves from"))
    proves_until = day_field(
        gettext_lazy("Proves up to and including"),
        gettext_lazy("The last day that it is proof of; of a rule, the day of its last review. Age counts from here."),
    )
    valid_from = day_field(gettext_lazy("Applies from"))
    valid_until = day_field(gettext_lazy("Applies up to and including"), gettext_lazy("Empty if no last day is known."))
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    corrects = forms.ModelChoiceField(
        label=gettext_lazy("Corrects"),
        queryset=Revision.objects.none(),
        required=False,
        to_field_name="number",
        help_text=gettext_lazy("A revision in which something was stated wrongly."),
    )
    confidentiality = forms.ChoiceField(
        label=gettext_lazy("Confidentiality"), choices=Revision.Confidentiality.choices, initial="normal"
    )
    confidential_reason = forms.CharField(label=gettext_lazy("Why it is confidential"), required=False, max_length=300)

    def __init__(
        self,
        *args: Any,
        artefact: Artefact,
        items: Iterable[str],
        subjects: dict[str, tuple[str, str]],
        labels: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        """``items``: what the leaves ask to cover; ``subjects``: the present (version, digest) of what they name.

        ``labels``: what both are called.
        """
        super().__init__(*args, **kwargs)
        self.subjects = subjects
        self.fields["covers"].choices = [(item, labels.get(item, item)) for item in items]  # type: ignore[attr-defined]
        earlier = artefact.revisions.submitted().order_by("-number")
        self.fields["corrects"].queryset = earlier  # type: ignore[attr-defined]
        for key, (version, _digest) in subjects.items():
            self.fields[f"subject-{key}"] = forms.CharField(
                label=_("Obtained on %(subject)s, version") % {"subject": labels.get(key, key)},
                initial=version,
                max_length=100,
                required=False,
            )

    @property
    def subject_fields(self) -> list[forms.BoundField]:
        return [self[f"subject-{key}"] for key in self.subjects]

    def clean_proves_until(self) -> date | None:
        return _not_to_come(self.cleaned_data["proves_until"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_confidential = cleaned.get("confidentiality") == Revision.Confidentiality.CONFIDENTIAL
        if is_confidential and not (cleaned.get("confidential_reason") or "").strip():
            self.add_error("confidential_reason", _("Say why it is confidential."))
        return cleaned

    def covered(self) -> list[str]:
        """Return every item that was ticked or written, each once."""
        text = self.cleaned_data["covers_also"].replace("、", ",")
        written = [item.strip() for item in text.split(",")]
        return list(dict.fromkeys([*self.cleaned_data["covers"], *(item for item in written if item)]))

    def obtained_on(self) -> dict[str, dict[str, str]]:
        """Return the subjects with the versions entered; the digest is known where the version is the present one."""
        found = {}
        for key, (present, digest) in self.subjects.items():
            version = self.cleaned_data[f"subject-{key}"].strip()
            if version:
                found[key] = {"version": version, "digest": digest if version == present else ""}
        return found


class ReviewedForm(forms.Form):
    """That a document was read again and found right as it is."""

    reviewed_on = DayField(label=gettext_lazy("Reviewed on"))
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=1000)

    def clean_reviewed_on(self) -> date | None:
        return _not_to_come(self.cleaned_data["reviewed_on"])


class ReasonForm(forms.Form):
    """Why; for decisions that want a reason."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class OptionalReasonForm(forms.Form):
    """A remark, for decisions that want none."""

    reason = forms.CharField(
        label=gettext_lazy("Remark"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class HoldForm(forms.Form):
    """What is held, and why: an artefact with all its revisions, or one of them."""

    artefact = forms.SlugField(label=gettext_lazy("Key of the artefact"), max_length=80)
    revision = forms.IntegerField(
        label=gettext_lazy("Revision"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=gettext_lazy("Empty: the artefact with all its revisions, those to come included."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    @classmethod
    def on(cls, artefact: Artefact) -> HoldForm:
        """Return the form for the page of an artefact, which need not be named there."""
        form = cls(initial={"artefact": artefact.key}, auto_id="hold_%s")
        form.fields["artefact"].widget = forms.HiddenInput()
        return form


class ExtensionForm(forms.Form):
    """Until when a revision is kept at least, and what asks for that."""

    until = DayField(label=gettext_lazy("Kept up to and including"))
    basis = forms.ChoiceField(label=gettext_lazy("Kept by reason of"), choices=Kind.Basis.choices)
    text_ja = forms.CharField(
        label=gettext_lazy("Which law, contract or rule (Japanese)"), max_length=300, required=False
    )
    text_en = forms.CharField(
        label=gettext_lazy("Which law, contract or rule (English)"), max_length=300, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not (cleaned.get("text_ja") or cleaned.get("text_en")):
            self.add_error("text_ja", _("Say which law, contract or rule asks for the retention."))
        return cleaned


class LinkForm(forms.Form):
    """Which artefact supports a leaf, and why it does."""

    artefact = NamedChoice(
        label=gettext_lazy("Evidence"), queryset=Artefact.objects.none(), to_field_name="key", empty_label="–"
    )
    rationale = forms.CharField(label=gettext_lazy("Why it supports this"), required=False, max_length=1000)

    def __init__(self, *args: Any, artefacts: QuerySet[Artefact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["artefact"].queryset = artefacts  # type: ignore[attr-defined]
