"""PostgreSQL and MariaDB servers, found or started, and fresh databases in them."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Row, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests.services.process import ServerProcess, folder, free_port
from tests.services.required import not_found

if TYPE_CHECKING:
    from collections.abc import Sequence


class DatabaseServer:
    """One server, in which databases are made and dropped."""

    name: str
    variable: str
    default: str
    creation: str
    removal: str

    def __init__(self) -> None:
        self.process: ServerProcess | None = None
        self.databases: list[URL] = []
        self.admin = self.found()

    def found(self) -> URL:
        """A server by the environment, else on its default port, else one of our own."""
        if given := os.environ.get(self.variable):
            url = make_url(given)
            if why := problem(url):
                not_found(self.name, f"{self.variable} does not answer: {why}")
            return url
        url = make_url(self.default)
        return self.started() if problem(url) else url

    def started(self) -> URL:
        """Start one from installed binaries, in a temporary folder."""
        raise NotImplementedError

    def new_database(self) -> URL:
        """Make an empty database with a name of its own."""
        url = self.admin.set(database=f"perdure_{uuid.uuid4().hex}")
        self.execute(self.creation.format(url.database))
        self.databases.append(url)
        return url

    def drop(self, url: URL) -> None:
        """Drop a database that `new_database` made, whoever is connected."""
        self.databases.remove(url)
        self.execute(self.removal.format(url.database))

    def execute(self, statement: str) -> None:
        engine = create_engine(self.admin, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def rows(self, query: str) -> Sequence[Row[Any]]:
        """Return what a query finds."""
        with create_engine(self.admin, poolclass=NullPool).connect() as connection:
            return connection.execute(text(query)).all()

    def close(self) -> None:
        """Drop what is left, and stop the server if it is ours."""
        for url in list(self.databases):
            self.drop(url)
        if self.process:
            self.process.stop()


class PostgreSQLServer(DatabaseServer):
    """PostgreSQL by psycopg 3."""

    name = "postgresql"
    variable = "PERDURE_TEST_POSTGRESQL"
    default = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres?connect_timeout=2"
    creation = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
    removal = "DROP DATABASE IF EXISTS {} WITH (FORCE)"

    def started(self) -> URL:
        initdb, postgres = postgres_binary("initdb"), postgres_binary("postgres")
        if not initdb or not postgres:
            not_found(self.name, "none answers on 127.0.0.1:5432, and initdb and postgres are not installed")
        place, port, user = folder("perdure-postgresql-"), free_port(), unprivileged("postgres")
        give(place, user)
        data = place / "data"
        run([initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], user)
        options = ["-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(place)]
        self.process = ServerProcess([postgres, *options], place / "log", user=user)
        url = make_url(self.default).set(port=port)
        self.process.wait_until(lambda: problem(url) is None)
        return url


class MariaDBServer(DatabaseServer):
    """MariaDB by PyMySQL."""

    name = "mariadb"
    variable = "PERDURE_TEST_MARIADB"
    default = "mysql+pymysql://root@127.0.0.1:3306/?charset=utf8mb4&connect_timeout=2"
    creation = "CREATE DATABASE {} CHARACTER SET utf8mb4"
    removal = "DROP DATABASE IF EXISTS {}"

    def started(self) -> URL:
        install, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        if not install or not server:
            not_found(self.name, "none answers on 127.0.0.1:3306, and mariadb-install-db and mariadbd are not installed")
        place, port, user = folder("perdure-mariadb-"), free_port(), unprivileged("mysql")
        give(place, user)
        data = place / "data"
        folders = [f"--datadir={data}", f"--tmpdir={place}"]
        run([install, "--no-defaults", *folders, "--auth-root-authentication-method=normal"], user)
        options = [*folders, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={place}/socket", f"--pid-file={place}/pid"]
        self.process = ServerProcess([server, "--no-defaults", *options], place / "log", user=user)
        url = make_url(self.default).set(port=port)
        self.process.wait_until(lambda: problem(url) is None)
        return url


def problem(url: URL) -> str | None:
    """Why nobody can connect there, or None."""
    try:
        with create_engine(url, poolclass=NullPool).connect():
            return None
    except (DBAPIError, ImportError) as error:
        return str(error).splitlines()[0]


def postgres_binary(name: str) -> str | None:
    """A binary of PostgreSQL; Debian keeps them outside PATH, one folder per version."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


def unprivileged(preferred: str) -> str | None:
    """Whom to run a server as that refuses root, or None where we are not root."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return preferred if preferred in known else "nobody"


def give(place: Path, user: str | None) -> None:
    shutil.chown(place, user or getpass.getuser())


def run(command: list[str], user: str | None) -> None:
    """Run a server's set-up and show what it said if it fails."""
    done = subprocess.run(command, user=user, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")
