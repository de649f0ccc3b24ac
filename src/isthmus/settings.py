"""Django's settings, from the environment alone.

The database is given as a libpq connection string in `ISTHMUS_CONNINFO`: the command line puts it
there, from `DATABASE_URL` or from the embedded server.
"""

import os
from typing import Any

from psycopg.conninfo import conninfo_to_dict

_PLACES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def database(conninfo: str) -> dict[str, Any]:
    """Django's description of the database that `conninfo` (libpq string or URL) names."""
    given = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    known = {place: given.pop(name) for name, place in _PLACES.items() if name in given}
    return {"ENGINE": "django.db.backends.postgresql", "OPTIONS": given, **known}


DATABASES = {"default": database(os.environ.get("ISTHMUS_CONNINFO", "dbname=isthmus"))}
INSTALLED_APPS = [
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
SECRET_KEY = ""  # nothing is signed yet; secrets at rest have keys of their own
USE_TZ = True
TIME_ZONE = "UTC"
