"""People, parties, who holds which role when, what an auditor was engaged for, tokens of machines and people."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.access import Access, access_of
from dcase_audit.accounts.querysets import ApiTokenQuerySet, EngagementQuerySet, MembershipQuerySet, UserQuerySet

KEY = RegexValidator(r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$", _("Lower-case letters, digits, - and _ only."))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes people and machine accounts."""

    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        user: User = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(username, password, is_administrator=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        user: User = self.get(username=username)
        return user


class User(AbstractBaseUser):
    """A person, or the account a machine acts under. Rights come from memberships and engagements, never from here,

    but for the administrator's, who configures and decides nothing about evidence.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        MACHINE = "machine", _("machine")

    username = models.CharField(_("user name"), max_length=60, unique=True, validators=[KEY])
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.PERSON)
    name_ja = models.CharField(_("name (Japanese)"), max_length=100, blank=True)
    name_en = models.CharField(_("name (English)"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("ja", "日本語"), ("en", "English")], default="ja"
    )
    is_active = models.BooleanField(_("is active"), default=True)
    is_administrator = models.BooleanField(_("is an administrator"), default=False)
    last_login = None

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.name(get_language() or "en")

    def name(self, language: str) -> str:
        """Return the name in ``language``, in the other one where it has none, else the user name."""
        names = (self.name_ja, self.name_en) if language == "ja" else (self.name_en, self.name_ja)
        return names[0] or names[1] or self.username

    @property
    def is_staff(self) -> bool:
        """Admit to the admin: administrators, and members of departments (who find only their evidence there)."""
        return self.kind == self.Kind.PERSON and (self.is_administrator or self.access.is_member)

    @property
    def access(self) -> Access:
        """Return what this user may do now, read from the database once per instance."""
        found: Access | None = self.__dict__.get("_access")
        if found is None:
            found = self.__dict__["_access"] = access_of(self)
        return found

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Answer the admin's question; everything else asks ``accounts.permissions``."""
        return self.is_active and self.is_administrator

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_administrator


class Party(models.Model):
    """A department, vendor, participant or institution; when it merges or is closed, its row ends and stays."""

    class Kind(models.TextChoices):
        DEPARTMENT = "department", _("department")
        VENDOR = "vendor", _("vendor")
        PARTICIPANT = "participant", _("participant")
        INSTITUTION = "institution", _("institution")

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[KEY])
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.DEPARTMENT)
    name_ja = models.CharField(_("name (Japanese)"), max_length=100)
    name_en = models.CharField(_("name (English)"), max_length=100)
    symbol = models.CharField(_("symbol"), max_length=2, blank=True)
    holds_ja = models.CharField(_("answers for (Japanese)"), max_length=300, blank=True)
    holds_en = models.CharField(_("answers for (English)"), max_length=300, blank=True)
    since = models.DateField(_("since"), default=date(1970, 1, 1))
    until = models.DateField(_("until (excluded)"), null=True, blank=True)
    successor = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="predecessors", verbose_name=_("successor")
    )

    objects: models.Manager[Party] = models.Manager()

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="party_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return self.name(get_language() or "en")

    def name(self, language: str) -> str:
        """Return the party's present name in ``language``."""
        return self.name_ja if language == "ja" else self.name_en


class PastName(models.Model):
    """A name that a party bore until a day; records of that time go on showing it."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="past_names", verbose_name=_("party"))
    name_ja = models.CharField(_("name (Japanese)"), max_length=100)
    name_en = models.CharField(_("name (English)"), max_length=100)
    until = models.DateField(_("until (excluded)"))

    objects: models.Manager[PastName] = models.Manager()

    class Meta:
        verbose_name = _("past name")
        verbose_name_plural = _("past names")
        constraints = [models.UniqueConstraint(fields=["party", "until"], name="one_past_name_a_day")]


class Membership(models.Model):
    """That a person belongs to a party in a role, from a day until a day (excluded)."""

    class Role(models.TextChoices):
        OWNER = "owner", _("evidence owner")
        APPROVER = "approver", _("approver")
        HEAD = "head", _("department head")
        MANAGEMENT = "management", _("management")

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships", verbose_name=_("person"))
    party = models.ForeignKey(Party, models.PROTECT, related_name="memberships", verbose_name=_("party"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until (excluded)"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="membership_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["user", "party", "role"], condition=Q(until__isnull=True), name="one_open_membership"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.party} · {self.get_role_display()}"


class Delegation(models.Model):
    """That one person's open items and duties in a party go to another for a period, and why."""

    principal = models.ForeignKey(
        User, models.PROTECT, related_name="delegations_given", verbose_name=_("stands in for")
    )
    deputy = models.ForeignKey(User, models.PROTECT, related_name="delegations_taken", verbose_name=_("stand-in"))
    party = models.ForeignKey(Party, models.PROTECT, related_name="delegations", verbose_name=_("party"))
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until (excluded)"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300)

    objects: models.Manager[Delegation] = models.Manager()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(condition=~Q(principal=F("deputy")), name="delegation_to_another"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="delegation_ends_after_start"
            ),
        ]


class Engagement(models.Model):
    """That a person audits one case for an institution, from a moment until a moment; nothing else is in scope.

    The case is named by its slug, which never changes: the cases are a layer above this one.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="engagements", verbose_name=_("auditor"))
    institution = models.ForeignKey(Party, models.PROTECT, related_name="engagements", verbose_name=_("institution"))
    case_slug = models.CharField(_("case"), max_length=60, validators=[KEY])
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until (excluded)"))
    purpose = models.CharField(_("purpose"), max_length=300, blank=True)

    objects = EngagementQuerySet.as_manager()

    class Meta:
        verbose_name = _("engagement")
        verbose_name_plural = _("engagements")
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="engagement_ends_after_start"),
        ]
        indexes = [models.Index(fields=["user", "case_slug"], name="engagement_scope")]

    def __str__(self) -> str:
        return f"{self.user} · {self.case_slug}"


class ApiToken(models.Model):
    """What a machine, or a person's script, shows. Only its SHA-256 is kept; the prefix names it in lists and logs."""

    class Scope(models.TextChoices):
        READ = "read", _("read what the account may see")
        DRILLS = "drills:write", _("upload drill results")
        MONITORS = "monitors:write", _("send monitor events")
        SUBJECTS = "subjects:write", _("report configuration versions")
        EVIDENCE = "evidence:write", _("add artefacts and revisions, submit and decide as the person")
        REPORTS = "reports:write", _("order reports and bundles")

    user = models.ForeignKey(User, models.PROTECT, related_name="api_tokens", verbose_name=_("account"))
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), verbose_name=_("scopes"))
    department = models.ForeignKey(
        Party, models.PROTECT, null=True, blank=True, related_name="api_tokens", verbose_name=_("department")
    )
    created_at = models.DateTimeField(_("issued"), auto_now_add=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("issued by"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("API tokens")
        verbose_name = _("API token")

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    def is_valid(self, *, at: datetime) -> bool:
        """Tell whether the token opens anything at ``at`` (the machine's clock)."""
        return self.revoked_at is None and at < self.expires_at and self.user.is_active


class TokenUse(models.Model):
    """When a token was last used, to the minute; apart from the token so that a use is no change of it."""

    not_captured = "a clock of its own: when a token was last used"

    token = models.OneToOneField(ApiToken, models.CASCADE, primary_key=True, related_name="use")
    used_at = models.DateTimeField()

    objects: models.Manager[TokenUse] = models.Manager()


class TokenRate(models.Model):
    """Up to when a token's requests are paid for (``throttle``); an unlogged table, empty after a crash."""

    not_captured = "a counter: how often a token asked lately"

    token = models.OneToOneField(ApiToken, models.CASCADE, primary_key=True, related_name="+")
    paid_until = models.DateTimeField()

    objects: models.Manager[TokenRate] = models.Manager()


class LoginFailures(models.Model):
    """How often a login failed lately, for one name typed (by its SHA-256: it may be a password) and one address."""

    not_captured = "a counter; each refusal is an event of its own"

    account_sha256 = models.CharField(max_length=64)
    address = models.CharField(max_length=45)
    count = models.PositiveIntegerField()
    since = models.DateTimeField()
    last_at = models.DateTimeField()

    objects: models.Manager[LoginFailures] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_sha256", "address"], name="one_count_of_failures")]
        indexes = [models.Index(fields=["last_at"], name="login_failures_last")]
