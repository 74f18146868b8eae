from __future__ import annotations

import os
import subprocess
import sys

import pytest

LIBRARIES = ("alembic", "asyncpg", "click", "filelock", "pottery", "psycopg", "pymysql", "redis", "rich")
DATABASES = ("sqlalchemy", "sqlite3")

DECLARED = """
import attrs
from perdure import Lifecycle, Statuses, StatusSpec, field, hookimpl, transition


@attrs.frozen
class Desk:
    enable: bool
    seats: int = field(default=4)


class Plugin:
    @staticmethod
    @hookimpl
    def perdure_status_specs():
        return [StatusSpec("desk", Desk)]
"""
OPENED = """
import sys
from perdure import App

app = App.open(sys.argv[1], plugins=[Plugin])
status = app.scope("desk").status
"""


@pytest.fixture
def url(tmp_path):
    """A file whose tables are there, and a value in them."""
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    loaded_after(DECLARED + OPENED + "status.set('enable', True)", url)
    return url


def loaded_after(code, *arguments):
    """Every module that a process has imported once it ran this code."""
    code += "\nimport sys\nprint(*sys.modules)"
    # Measuring coverage imports libraries of its own.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    found = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True, env=alone)
    return set(found.stdout.split())


def test_importing_perdure_imports_nothing_else_of_weight():
    loaded = loaded_after("import perdure")
    assert not {*LIBRARIES, *DATABASES, "attrs", "cattrs", "pluggy", "perdure.errors"} & loaded


def test_a_module_that_declares_its_status_imports_no_database_and_no_codec():
    loaded = loaded_after(DECLARED)
    assert {"attrs", "pluggy"} <= loaded
    assert not {*LIBRARIES, *DATABASES, "asyncio", "cattrs", "perdure.records.values", "perdure.store"} & loaded


def test_a_get_from_a_cold_start_imports_what_it_needs(url):
    loaded = loaded_after(DECLARED + OPENED + "assert status.get('enable') is True", url)
    assert {"cattrs", "perdure.store.sqlite.store", "sqlalchemy.dialects.sqlite"} <= loaded
    assert not {*LIBRARIES, "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql", "sqlalchemy.orm"} & loaded
    assert not {"perdure.aio", "perdure.columns", "perdure.lock.redlock", "perdure.store.servers.store"} & loaded


def test_a_first_lock_imports_what_locks_files(url):
    assert "filelock" in loaded_after(DECLARED + OPENED + "with app.scope('desk').lock('door', lease=5): pass", url)
