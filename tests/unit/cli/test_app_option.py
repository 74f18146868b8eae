from __future__ import annotations

import os

import pytest

from perdure import App

HOST = """
from functools import partial
from perdure import App, AsyncApp

def create_app():
    return App.open("sqlite:///host.db", actor="host")

def create_async_app():
    return AsyncApp.open("sqlite:///host.db", actor="host")

async def create_later():
    return await create_async_app()

def with_argument(path):
    return create_app()

class Site:
    def __init__(self, app):
        self.extensions = {"perdure": app}

    def __call__(self, environ, start_response):
        raise AssertionError("a WSGI application is called by servers")

class Face:
    make = staticmethod(create_app)

nothing = object()
"""


@pytest.fixture
def host(run, here):
    (here / "host_app.py").write_text(HOST, "utf-8")
    (here / "opened_app.py").write_text("from host_app import Site, create_app\napp = create_app()\nsite = Site(app)\n", "utf-8")
    with App.open("sqlite:///host.db") as app:
        app.scope("cli-desk").status.set("visits", 42)
    run.url = ""
    return run


@pytest.mark.parametrize(
    "target",
    ["host_app:create_app", "host_app:create_app()", "host_app:create_async_app", "host_app:Face.make", "host_app:partial_app"],
)
def test_what_returns_an_app_will_do(host, here, target):
    with (here / "host_app.py").open("a") as file:
        file.write("\npartial_app = partial(create_app)\n")
    assert host("get", "cli-desk", "visits", "--app", target).stdout == "42\n"
    assert host("--app", target, "get", "cli-desk", "visits").stdout == "42\n"
    assert host.json("set", "cli-desk", "visits", "43", "--app", target)["actor"] == "perdure-cli:ada"


@pytest.mark.parametrize("target", ["opened_app:app", "opened_app", "opened_app:site"])
def test_an_app_that_is_open_will_do_and_stays_open(host, target):
    import importlib  # noqa: PLC0415 - found in the folder of the test

    assert host("get", "cli-desk", "visits", "--app", target).stdout == "42\n"
    app = importlib.import_module("opened_app").app
    assert app.ping() >= 0
    app.close()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("host_ap:create_app", "there is no module 'host_ap': looked in"),
        ("host_app.sub:app", "there is no module 'host_app.sub'"),
        ("host_app:create_ap", "host_app has no 'create_ap'. Did you mean 'create_app'?"),
        ("host_app:nothing", "host_app:nothing is of type object. Expected an App"),
        ("host_app", "host_app has no 'app'"),
        ("host_app:create_later", "host_app:create_later returned a coroutine"),
        ("host_app:", "host_app has no 'app'"),
        (":app", "not of the form package:app"),
        ("host app:app", "not of the form package:app"),
        ("sqlite:///host.db", "not of the form package:app"),
    ],
)
def test_what_leads_to_no_app_is_refused_with_what_was_tried(host, target, expected):
    found = host("list", "--app", target, code=2)
    assert found.stdout == ""
    assert expected in " ".join(found.stderr.split())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import host_missing", ["ModuleNotFoundError", "host_missing", "failing_app.py"]),
        ("1 +", ["SyntaxError", "failing_app.py", "line 1"]),
        ("def read():\n    raise KeyError('SECRET_KEY')\n\nread()", ["KeyError: 'SECRET_KEY'", "line 4", "in read"]),
        ("import sys\nsys.exit(3)", ["SystemExit", "failing_app.py"]),
        ("def app():\n    raise RuntimeError('no configuration')", ["calling failing_app:app", "RuntimeError: no configuration"]),
        ("def app(path):\n    return path", ["TypeError", "path"]),
    ],
)
def test_what_fails_in_the_host_is_shown_with_its_place_and_nothing_else(host, here, source, expected):
    (here / "failing_app.py").write_text(source, "utf-8")
    found = host("list", "--app", "failing_app:app", code=1)
    assert found.stdout == ""
    assert [each for each in expected if each not in found.stderr] == []
    assert "importlib" not in found.stderr


def test_what_the_host_prints_is_no_data(host, here):
    (here / "loud_app.py").write_text("print('hello')\nfrom host_app import create_app as app\n", "utf-8")
    found = host("get", "cli-desk", "visits", "--app", "loud_app:app")
    assert found.stdout == "42\n"
    assert "hello" in found.stderr


def test_looking_leaves_the_tables_to_the_host_and_does_not_make_them(host):
    os.unlink("host.db")  # noqa: PTH108 - in the folder of the test
    assert "perdure migrate" in host("list", "--app", "host_app:create_app", code=1).stderr
    assert host.json("migrate", "--app", "host_app:create_app")["ran"] == ["0001"]
    assert "PERDURE_MIGRATE" not in os.environ


@pytest.mark.parametrize("option", [["--url", "sqlite:///x.db"], ["--redis", "redis://localhost"]])
def test_an_app_has_its_own_database(host, option):
    assert f"{option[0]} and --app exclude each other" in host("list", "--app", "host_app:create_app", *option, code=2).stderr


def test_a_tenant_of_the_host_is_seen(host):
    host("set", "cli-desk", "visits", "1", "--app", "host_app:create_app", "--tenant", "acme")
    assert host("get", "cli-desk", "visits", "--app", "host_app:create_app").stdout == "42\n"
    assert host("get", "cli-desk", "visits", "--app", "host_app:create_app", "--tenant", "acme").stdout == "1\n"


def test_what_is_installed_is_told_of_the_host(host):
    assert "cli-desk" in {each["module"] for each in host.json("modules", "--app", "host_app:create_app")}
