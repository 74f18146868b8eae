"""The example on Flask, started as a server and asked by clients."""

from __future__ import annotations

import gc
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from tests.examples.servers import Web, stranger_writes

from flask_desk import Perdure, create_app
from perdure import App, AppClosed, errors

FLASK = ["-m", "flask", "--app", "flask_desk", "run", "--port", "{port}"]
PREFORK = [str(Path(__file__).with_name("prefork.py")), "{port}"]


@pytest.fixture(scope="module", params=[FLASK, PREFORK], ids=["threads", "forked"])
def web(tmp_path_factory, vault, request):
    folder = tmp_path_factory.mktemp("flask")
    served = Web(request.param, folder, url=f"sqlite:///{folder / 'app.db'}", path=str(vault))
    yield served
    served.close()
    assert "Traceback" not in served.log


def test_a_value_is_null_until_it_is_set_and_then_there(web):
    nothing = web.get("training-student", "user")
    assert (nothing.json()["value"], nothing.headers["etag"]) == (None, '"0"')
    stored = web.put("training-student", "user", {"name": "zhennann", "age": 18}, X_User="ada")
    assert (stored.status_code, stored.headers["etag"]) == (200, '"1"')
    assert web.get("training-student", "user").json() == {
        "name": "user",
        "value": {"name": "zhennann", "age": 18},
        "version": 1,
        "actor": "ada",
    }


def test_who_has_seen_another_version_is_refused(web):
    module, name = "demo-course", "seats"
    assert web.put(module, name, 20, If_Match=web.get(module, name).headers["etag"]).status_code == 200
    seen = web.get(module, name).headers["etag"]
    assert web.put(module, name, 30, If_Match=seen).headers["etag"] == '"2"'
    refused = web.put(module, name, 40, If_Match=seen)
    assert (refused.status_code, refused.headers["content-type"]) == (412, "application/problem+json")
    assert web.get(module, name).json()["value"] == 30


@pytest.mark.parametrize("tag", ["*", 'W/"3"', '"3", "4"', '"x"', '"' + "9" * 5000 + '"'])
def test_an_etag_that_is_none_of_ours_is_refused(web, tag):
    assert web.put("demo-course", "enable", True, If_Match=tag).status_code == 400


@pytest.mark.parametrize("body", ["", "x", "[]", "3", "{}"])
def test_a_body_that_has_no_value_is_refused(web, body):
    sent = web.client.put("/modules/demo-course/status/enable", content=body, headers={"Content-Type": "application/json"})
    assert sent.status_code == 400


def test_a_write_of_a_stranger_is_seen_at_once(web):
    before = web.get("training-student", "visits").json()["value"]
    stranger_writes(web.url, 3)
    assert web.get("training-student", "visits").json()["value"] == before + 3


def test_no_update_of_many_threads_and_processes_is_lost(web):
    before = web.get("training-student", "visits").json()["value"]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: web.client.post("/visits"), range(120)))
    assert sorted(each.json()["value"] for each in answers) == list(range(before + 1, before + 121))


def test_who_acts_is_in_the_history_and_in_nobody_elses_request(web):
    web.put("demo-course", "level", "advanced", X_User="ada")
    web.put("demo-course", "enable", True, X_User="ada")
    web.put("demo-course", "enable", False)
    with App.open(web.url) as app:
        found = [(change.actor, change.reason) for change in app.scope("demo-course").status.history("enable", limit=2)]
    assert found == [("flask_desk.application", "a test"), ("ada", "a test")]


@pytest.mark.parametrize(
    ("where", "value", "status", "detail"),
    [
        ("training-studen/enable", True, 404, "Did you mean 'training-student'?"),
        ("training-student/enabled", True, 404, "Did you mean 'enable'?"),
        ("training-student/user", {"name": "z", "age": "18"}, 422, "user.age: expected int, got '18' (str)"),
        ("staff-leave/deputy", "405_ARCHIVED", 409, "does not allow '405_ARCHIVED'"),
        ("n" * 300 + "/enable", True, 400, "255"),
    ],
)
def test_what_is_refused_is_told_as_a_problem(web, where, value, status, detail):
    refused = web.put(*where.split("/"), value)
    assert (refused.status_code, refused.json()["status"]) == (status, status)
    assert detail in refused.json()["detail"]


def test_a_user_that_no_history_can_hold_is_refused(web):
    assert web.put("demo-course", "enable", True, X_User="x" * 300).status_code == 400


def test_no_secret_is_in_any_answer(web):
    assert web.get("vault", "pin").json()["value"] is None
    answers = [web.put("vault", "password", "hunter2"), web.get("vault", "password"), web.put("vault", "pin", "hunter2")]
    assert [each.status_code for each in answers] == [200, 200, 422]
    assert "hunter2" not in "".join(each.text for each in answers) + web.log


# ----------------------------------------------------------------------- the extension


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.StatusPinned("", "m", "n"), 409),
        (errors.StoreUnavailable("sqlite:///private.db", "it is away"), 503),
        (errors.OutcomeUnknown("sqlite:///private.db", "it went away"), 500),
    ],
)
def test_what_is_the_servers_fault_is_told_without_details(error, status):
    def fail():
        raise error

    app = create_app({"PERDURE_URL": "sqlite://"})
    app.add_url_rule("/fail", view_func=fail)
    told = app.test_client().get("/fail")
    assert told.status_code == status
    assert "private" not in told.text
    assert ("detail" in told.text) == (status < 500)
    app.extensions["perdure"].close()


def test_two_applications_have_two_apps():
    perdure = Perdure()
    first, second = Flask("first"), Flask("second")
    for each in (first, second):
        each.config["PERDURE_URL"] = "sqlite://"
        perdure.init_app(each)
    with first.app_context():
        perdure.scope("training-student").status.set("enable", True)
    with second.app_context():
        assert perdure.scope("training-student").status.get("enable") is None
    for each in (first, second):
        each.extensions["perdure"].close()


def test_the_app_is_closed_with_the_application():
    app = create_app({"PERDURE_URL": "sqlite://"})
    opened = app.extensions["perdure"]
    del app
    gc.collect()
    with pytest.raises(AppClosed):
        opened.ping()


def test_forked_workers_all_work_and_end_when_asked(tmp_path):
    web = Web(PREFORK, tmp_path, url=f"sqlite:///{tmp_path / 'app.db'}")
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: web.client.post("/visits", headers={"Connection": "close"}), range(60)))
    assert len({each.headers["x-worker"] for each in answers}) > 1
    web.process.end(signal.SIGTERM, 10)
    assert "workers ended: [0, 0, 0]" in web.log
    web.client.close()
