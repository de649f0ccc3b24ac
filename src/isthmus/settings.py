"""Django's settings, from the environment alone.

The database is given as a libpq connection string in `ISTHMUS_CONNINFO`: the command line puts it
there, from `DATABASE_URL` or from the embedded server.
"""

import os
import secrets
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

_PLACES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def database(conninfo: str) -> dict[str, Any]:
    """Django's description of the database that `conninfo` (libpq string or URL) names."""
    given = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    known = {place: given.pop(name) for name, place in _PLACES.items() if name in given}
    return {"ENGINE": "django.db.backends.postgresql", "OPTIONS": given, **known}


DATABASES = {"default": database(os.environ.get("ISTHMUS_CONNINFO", "dbname=isthmus"))}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "isthmus.web",
    "isthmus.people",
    "isthmus.profiles",
    "isthmus.connections",
    "procrastinate.contrib.django",
]
AUTH_USER_MODEL = "people.User"
_PASSWORDS = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_PASSWORDS}MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {
        "NAME": f"{_PASSWORDS}UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": f"{_PASSWORDS}CommonPasswordValidator"},
    {"NAME": f"{_PASSWORDS}NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""  # the worker alone knows the tasks, and their engines
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

# Only the web pages sign anything, and `isthmus web` puts the keys there; the first one signs. Any
# other process has a key that nobody else knows.
_KEYS = os.environ.get("ISTHMUS_SIGNING_KEYS") or secrets.token_urlsafe(48)
SECRET_KEY, *SECRET_KEY_FALLBACKS = _KEYS.split(",")
ROOT_URLCONF = "isthmus.web.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "isthmus.web.request_log.RequestLogMiddleware",
    "isthmus.web.headers.HeadersMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "isthmus.web.access.AccessMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "isthmus.web.partial.PartialMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "isthmus.web.context.page",
            ],
        },
    }
]
AUTHENTICATION_BACKENDS = ["isthmus.web.sessions.Accounts"]
SESSION_COOKIE_AGE = 7 * 24 * 3600
CSRF_FAILURE_VIEW = "isthmus.web.views.errors.no_csrf"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Where people find the pages: behind a proxy, its address as a browser shows it.
_PUBLIC = urlsplit(os.environ.get("ISTHMUS_URL", ""))
_IS_SECURE = _PUBLIC.scheme == "https"
PUBLIC_URL = f"{_PUBLIC.scheme}://{_PUBLIC.netloc}" if _PUBLIC.netloc else ""
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *filter(None, [_PUBLIC.hostname])]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_SECURE
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _IS_SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
CSRF_COOKIE_HTTPONLY = True

STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("ISTHMUS_STATIC") or None  # `isthmus web` gathers the files there
if STATIC_ROOT:
    # What serves pages keeps its connections, as opening one takes longer than most queries.
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
}
# A goal's page has a thousand rows at most, of five controls each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
USE_TZ = True
TIME_ZONE = "UTC"
