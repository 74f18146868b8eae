"""A Django project of the benchmark's own, in this process, on SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django
from django.conf import settings
from tests.bench.records import VALUES

if TYPE_CHECKING:
    from tests.bench.places import Place

DEFAULTS = {name.upper(): (value, "") for name, value in VALUES.items()}

if not settings.configured:
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": ":memory:",
                "OPTIONS": {"init_command": "PRAGMA journal_mode = WAL", "transaction_mode": "IMMEDIATE"},
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "constance"],
        CONSTANCE_BACKEND="constance.backends.database.DatabaseBackend",
        CONSTANCE_DATABASE_CACHE_BACKEND=None,
        CONSTANCE_CONFIG=DEFAULTS,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()


def connect(place: Place, file: str) -> None:
    """Have Django's connection lead to a file, as durably as the place asks for."""
    from django.db import connection  # noqa: PLC0415 - the settings come first

    connection.close()
    connection.settings_dict["NAME"] = str(place.folder / file)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous = {place.durability}")


def disconnect() -> None:
    """Close Django's connection."""
    from django.db import connection  # noqa: PLC0415 - the settings come first

    connection.close()
