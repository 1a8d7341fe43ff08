"""Settings, all from the environment; ``docs/operations.md`` lists every variable.

One database alias; the process chooses its login by ``DATABASE_ROLE`` (ADR 0002).
"""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

ENVIRONMENT = env("DJANGO_ENV", default="embedded")
PRODUCTION = ENVIRONMENT == "production"
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "dcase_audit.trail",
    "dcase_audit.jobs",
    "dcase_audit.accounts",
    "dcase_audit.calendars",
    "dcase_audit.notices",
    "dcase_audit.cases",
    "dcase_audit.webhooks",
    "evidence",
    "drills",
    "dcase_audit.reports",
    "dcase_audit.verification",
    "dcase_audit.demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "dcase_audit.trail.middleware.ActorMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "dcase_audit.api_errors.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dcase_audit.accounts.middleware.PersonMiddleware",
    "dcase_audit.verification.middleware.ReadsMiddleware",
    "dcase_audit.direction.DirectionMiddleware",
    "dcase_audit.api_errors.RefusalMiddleware",
]

ROOT_URLCONF = "dcase_audit.urls"
WSGI_APPLICATION = "dcase_audit.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dcase_audit.accounts.context_processors.who_and_where",
            ],
        },
    },
]

# The role picks the login; only the migrate job is given the owner's URL and only the sequencer its own.
DATABASE_ROLE = env("DATABASE_ROLE", default="app")
DATABASES = {
    "default": env.db_url(
        {"app": "DATABASE_URL", "owner": "DATABASE_OWNER_URL", "sequencer": "DATABASE_SEQUENCER_URL"}[DATABASE_ROLE],
        engine="django.db.backends.postgresql",
    )
}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DATABASES["default"].setdefault("OPTIONS", {})["application_name"] = f"dcase-{DATABASE_ROLE}"
# The server plans a statement once for as long as a connection is kept, not each time that it is sent.
DATABASES["default"]["OPTIONS"]["server_side_binding"] = True
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 1 if DATABASES["default"]["CONN_MAX_AGE"] else None
# A socket directory arrives as libpq's ?host=; dbshell looks for it in HOST.
DATABASES["default"]["HOST"] = DATABASES["default"]["OPTIONS"].pop("host", DATABASES["default"]["HOST"])

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "dcase_audit" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="Asia/Tokyo")

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "dcase_audit" / "static"]
OBJECT_STORE_URL = env("OBJECT_STORE_URL", default=(DATA_DIR / "objects").as_uri())
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
UPLOAD_LIMIT = env.int("UPLOAD_LIMIT", default=100 * 1024 * 1024)
# Requests a second of one token, in the long run and at once; files and bytes of a department in a day. 0: no limit.
TOKEN_RATE = env.float("TOKEN_RATE", default=50.0)
TOKEN_BURST = env.int("TOKEN_BURST", default=500)
QUOTA_FILES = env.int("QUOTA_FILES", default=20_000)
QUOTA_BYTES = env.int("QUOTA_BYTES", default=20 * 1024**3)
# What a file may come to once somebody opens it: bytes of an archive, pixels of an image.
UNPACKED_LIMIT = env.int("UNPACKED_LIMIT", default=1024 * 1024 * 1024)
IMAGE_PIXELS = env.int("IMAGE_PIXELS", default=200_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = None

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["dcase_audit.accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["dcase_audit.accounts.throttle.TokenThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["dcase_audit.api_parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "dcase_audit.api_errors.problem",
    "DATETIME_INPUT_FORMATS": [],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
# The kinds of nodes that a case states; a target is derived from a context.
STATED_KINDS = [
    "goal",
    "strategy",
    "context",
    "assumption",
    "justification",
    "evidence",
    "monitor",
    "external",
    "responsibility",
]
SPECTACULAR_SETTINGS = {
    "TITLE": "D-Case Audit",
    "DESCRIPTION": "Evidence, drills, status and reports of assurance cases.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    # Names for sets of choices that would collide; ``check --deploy`` finds what is missing here.
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": [
            "refuted",
            "undeveloped",
            "missing",
            "expired",
            "stale",
            "pending",
            "expiring",
            "supported",
        ],
        "StatedKindEnum": STATED_KINDS,
        "NodeKindEnum": [*STATED_KINDS, "target"],
        "AccountKindEnum": ["person", "machine"],
        "DrillKindEnum": ["tabletop", "component", "functional", "full-scale", "unannounced"],
        "HoldingKindEnum": ["tabletop", "component", "functional", "full-scale", "unannounced", "live-incident"],
        "SignRoleEnum": ["observer", "verifier", "responsible"],
        "DrillVerdictEnum": ["passed", "failed", "inconclusive"],
        "RevisionVerdictEnum": ["supports", "refutes", "inconclusive"],
        "DecisionKindEnum": [
            "submitted",
            "accepted",
            "returned",
            "withdrawn",
            "voided",
            "annulment_proposed",
            "annulled",
        ],
        "RevisionStateEnum": [
            "draft",
            "submitted",
            "accepted",
            "returned",
            "withdrawn",
            "voided",
            "annulment_proposed",
            "annulled",
        ],
        "DrillFormatEnum": ["native", "chaostoolkit", "junit", "ctrf", "in-toto"],
        "LinkKindEnum": ["supported_by", "in_context_of"],
        "OccurrenceStateEnum": ["planned", "held", "cancelled", "not_reported"],
        "TrailStatusEnum": ["pending", "logged", "witnessed"],
        "ReportStateEnum": ["queued", "running", "done", "failed", "cancelled"],
    },
}

# Without a broker, jobs wait for the next process that has one.
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="")
EMAIL_URL = env.email_url("EMAIL_URL", default=f"filemail://{DATA_DIR / 'mail'}")
vars().update(EMAIL_URL)
EMAIL_FILE_PATH = env("EMAIL_FILE_PATH", default=str(DATA_DIR / "mail"))
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="dcase-audit@localhost")
PUBLIC_URL = env("PUBLIC_URL", default=f"http://127.0.0.1:{env('PORT', default='8000')}")

# The log: its name, which never changes, where its files are served from, and where its signer keeps key and state. No
# backup of the database may hold the signer's directory: it shows that one was restored.
TRAIL_ORIGIN = env("TRAIL_ORIGIN", default="localhost/trail")
TRAIL_DIR = Path(env("TRAIL_DIR", default=str(DATA_DIR / "trail")))
# In a bucket instead: s3://bucket/prefix?region=...
TRAIL_STORE_URL = env("TRAIL_STORE_URL", default="")
TRAIL_SIGNER_DIR = Path(env("TRAIL_SIGNER_DIR", default=str(DATA_DIR / "signer")))
# Each "VKEY URL".
TRAIL_WITNESSES = env.list("TRAIL_WITNESSES", default=[])
# Seconds within which an event is in a published checkpoint; later than that is an alarm.
# Networks that webhooks may reach beside the public one, as "10.20.0.0/16".
WEBHOOK_NETWORKS = env.list("WEBHOOK_NETWORKS", default=[])
TRAIL_MERGE_DELAY = env.int("TRAIL_MERGE_DELAY", default=60)
# Time-stamping authorities (RFC 3161), the roots that their certificates lead to (PEM), and seconds: a log that grows
# is stamped at least so often, after a decision as soon as the pause is over; and how long an answer may take.
TRAIL_TSA_URLS = env.list("TRAIL_TSA_URLS", default=[])
TRAIL_TSA_CERTIFICATES = env("TRAIL_TSA_CERTIFICATES", default="")
TRAIL_TSA_INTERVAL = env.int("TRAIL_TSA_INTERVAL", default=24 * 3600)
TRAIL_TSA_PAUSE = env.int("TRAIL_TSA_PAUSE", default=3600)
TRAIL_TSA_TIMEOUT = env.float("TRAIL_TSA_TIMEOUT", default=10.0)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz)$"]
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None

# The moment that the demo presents as now; unset outside the demo.
DEMO_NOW = env("DEMO_NOW", default=None)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "dcase_audit.log_format.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # One line a page of a report says nothing that the job's progress does not; nor does where credentials were found.
    # What is wrong with a PDF that somebody sent is a flag.
    "loggers": {name: {"level": "WARNING"} for name in ("weasyprint", "fontTools", "botocore")}
    | {"pypdf": {"level": "CRITICAL"}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
}
