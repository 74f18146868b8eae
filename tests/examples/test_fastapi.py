"""The example on FastAPI, started as a server and asked by clients."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import httpx
import pytest
import uvicorn
from tests.examples.servers import Stream, Web, stranger_writes
from tests.services.process import free_port

from fastapi_desk import create_app
from fastapi_desk.events import PATIENCE, Feed
from fastapi_desk.problems import answer
from perdure import App, AsyncApp, errors

UVICORN = ["-m", "uvicorn", "--factory", "fastapi_desk:create_app", "--port", "{port}"]


def started(folder, vault):
    return Web(UVICORN, folder, url=f"sqlite:///{folder / 'app.db'}", path=str(vault))


@pytest.fixture(scope="module")
def web(tmp_path_factory, vault):
    served = started(tmp_path_factory.mktemp("fastapi"), vault)
    yield served
    served.close()
    assert "Traceback" not in served.log


@pytest.fixture
def own(tmp_path, vault):
    """A server of the test's own."""
    served = started(tmp_path, vault)
    yield served
    served.close()
    assert "Traceback" not in served.log


# ----------------------------------------------------------------------- get and set


def test_a_value_is_null_until_it_is_set_and_then_there(own):
    nothing = own.get("training-student", "user")
    assert (nothing.json()["value"], nothing.headers["etag"]) == (None, '"0"')
    assert own.get("training-student", "visits").json() == {"name": "visits", "value": 0, "version": 0, "actor": None}
    stored = own.put("training-student", "user", {"name": "zhennann", "age": 18}, X_User="ada")
    assert (stored.status_code, stored.headers["etag"]) == (200, '"1"')
    assert own.get("training-student", "user").json() == {
        "name": "user",
        "value": {"name": "zhennann", "age": 18},
        "version": 1,
        "actor": "ada",
    }


def test_null_is_a_value_like_any_other(web):
    assert web.put("vault", "pin", None).status_code == 200


def test_who_has_seen_another_version_is_refused(web):
    module, name = "demo-course", "seats"
    assert web.put(module, name, 20, If_Match=web.get(module, name).headers["etag"]).status_code == 200
    seen = web.get(module, name).headers["etag"]
    assert web.put(module, name, 30, If_Match=seen).headers["etag"] == '"2"'
    refused = web.put(module, name, 40, If_Match=seen)
    assert refused.status_code == 412
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["title"] == "VersionConflict"
    assert web.put(module, name, 40, If_Match='"0"').status_code == 412
    assert web.get(module, name).json()["value"] == 30


@pytest.mark.parametrize("tag", ["3", "*", 'W/"3"', '"3", "4"', '"x"'])
def test_an_etag_that_is_none_of_ours_is_refused(web, tag):
    assert web.put("demo-course", "enable", True, If_Match=tag).status_code == 400


@pytest.mark.parametrize("digits", [10, 19, 40, 5000])
def test_a_version_that_can_never_be_is_no_error_of_the_server(web, digits):
    assert web.put("demo-course", "enable", True, If_Match=f'"{"9" * digits}"').status_code in {400, 412}


def test_who_acts_is_in_the_history_and_in_nobody_elses_request(own):
    own.put("training-student", "enable", True, X_User="ada")
    own.put("training-student", "enable", False)
    own.client.post("/leave/days", params={"more": 1}, headers={"X-User": "eve"})
    with App.open(own.url) as app:
        history = app.scope("training-student").status.history("enable")
        assert [(change.actor, change.reason) for change in history] == [("web", "a test"), ("ada", "a test")]
        assert app.scope("staff-leave").status.entry("days").actor == "eve"


def test_no_update_of_many_at_once_is_lost(own):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: own.client.post("/leave/days", params={"more": 1}), range(64)))
    assert sorted(each.json() for each in answers) == list(range(31, 95))


# ----------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("where", "value", "status", "detail"),
    [
        ("training-studen/enable", True, 404, "Did you mean 'training-student'?"),
        ("training-student/enabled", True, 404, "Did you mean 'enable'?"),
        ("training-student/user", {"name": "z", "age": "18"}, 422, "user.age: expected int, got '18' (str)"),
        ("staff-leave/deputy", "403_NONE", 422, "403_NONE"),
        ("n" * 300 + "/enable", True, 400, "255"),
    ],
)
def test_what_is_refused_is_told_as_a_problem(web, where, value, status, detail):
    refused = web.put(*where.split("/"), value)
    assert (refused.status_code, refused.json()["status"]) == (status, status)
    assert detail in refused.json()["detail"]


def test_a_user_that_no_history_can_hold_is_refused(web):
    assert web.put("demo-course", "enable", True, X_User="x" * 300).status_code == 400


def test_a_move_that_the_lifecycle_does_not_have_is_a_conflict(own):
    assert own.client.put("/leave/deputy", json={"status": "409_ON_LEAVE"}).json() == {"status": "409_ON_LEAVE"}
    refused = own.client.put("/leave/deputy", json={"status": "403_BLOCKED"})
    assert (refused.status_code, refused.json()["title"]) == (409, "TransitionNotAllowed")
    assert own.client.get("/leave").json() == {"status": "409_ON_LEAVE", "days": 30}


def test_no_secret_is_in_any_answer(own):
    assert own.get("vault", "password").json()["value"] is None
    with Stream(own, "vault").begun() as stream:
        answers = [own.put("vault", "password", "hunter2"), own.get("vault", "password"), own.put("vault", "pin", "hunter2")]
        event = next(stream.events())
    assert [each.status_code for each in answers] == [200, 200, 422]
    assert event[1]["value"] == "•••"
    told = "".join(each.text for each in answers) + str(event) + own.log
    assert "hunter2" not in told
    assert "default-secret" not in told


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.StatusPinned("", "m", "n"), 409),
        (errors.ValueTooLarge("", "m", "n", "n", "", 2, 1), 422),
        (errors.StoreUnavailable("sqlite:///private.db", "it is away"), 503),
        (errors.OutcomeUnknown("sqlite:///private.db", "it went away"), 500),
    ],
)
def test_what_is_the_servers_fault_is_told_without_details(error, status):
    told = asyncio.run(answer(None, error))
    assert told.status_code == status
    assert b"private" not in told.body
    assert (b"detail" in told.body) == (status < 500)


# ----------------------------------------------------------------------- OpenAPI


def test_openapi_has_the_codes_of_all_plugins_and_what_they_mean(web):
    told = web.client.get("/openapi.json").json()
    field = told["components"]["schemas"]["Deputy"]["properties"]["status"]
    assert {"403_BLOCKED", "409_ON_LEAVE"} <= set(field["enum"])
    assert "- `409_ON_LEAVE`: Away, and coming back" in field["description"]
    assert dict(zip(field["enum"], field["x-enum-descriptions"], strict=True))["409_ON_LEAVE"] == "Away, and coming back"
    asked = told["paths"]["/leave/deputy"]["put"]
    assert {"200", "404", "409", "412", "422", "503"} <= set(asked["responses"])


def test_a_code_that_no_plugin_has_is_refused_by_the_schema(web):
    refused = web.client.put("/leave/deputy", json={"status": "409_NOWHERE"})
    assert refused.status_code == 422
    assert "'409_ON_LEAVE'" in refused.json()["detail"][0]["msg"]


# ----------------------------------------------------------------------- events


def versions(events, count):
    """The versions of each name, in the order in which they came."""
    found: dict[str, list[int]] = {}
    for _, data in islice(events, count):
        found.setdefault(data["name"], []).append(data["version"])
    return found


def test_every_client_is_told_of_every_change_of_a_stranger_in_order(own):
    with Stream(own, "training-student").begun() as first, Stream(own, "training-student").begun() as second:
        stranger_writes(own.url, 50)
        for stream in (first, second):
            assert versions(stream.events(), 100) == {"visits": list(range(1, 51)), "enable": list(range(1, 51))}


def test_an_event_tells_the_whole_change(own):
    with Stream(own, "training-student").begun() as stream:
        own.put("training-student", "user", {"name": "zhennann", "age": 18}, X_User="ada")
        event, data = next(stream.events())
    assert event == "change"
    assert data.pop("at").endswith("+00:00")
    assert data == {
        "module": "training-student",
        "name": "user",
        "operation": "set",
        "version": 1,
        "actor": "ada",
        "reason": "a test",
        "value": {"name": "zhennann", "age": 18},
    }


def test_changes_of_another_module_are_none(own):
    with Stream(own, "training-student").begun() as stream:
        own.put("demo-course", "enable", True)
        own.put("training-student", "enable", True)
        assert next(stream.events())[1]["module"] == "training-student"


def test_who_comes_back_misses_nothing_on_any_server(own, tmp_path, vault):
    with Stream(own, "training-student") as stream:
        own.put("training-student", "enable", True)
        assert versions(stream.events(), 1) == {"enable": [1]}
        last_id = stream.last_id
    stranger_writes(own.url, 20)
    other = started(tmp_path, vault)
    try:
        with Stream(own, "training-student", last_id) as here, Stream(other, "training-student", last_id) as there:
            for stream in (here, there):
                assert versions(stream.events(), 40) == {"visits": list(range(1, 21)), "enable": list(range(2, 22))}
            own.put("training-student", "user", {"name": "zhennann", "age": 18})
            for stream in (here, there):
                assert versions(stream.events(), 1) == {"user": [1]}
        with Stream(other, "training-student", there.last_id) as stream:
            own.put("training-student", "user", {"name": "zhennann", "age": 19})
            assert versions(stream.events(), 1) == {"user": [2]}
    finally:
        other.close()


def test_who_comes_back_at_once_is_told_from_where_the_stream_began(own):
    """Also where nothing had happened: the first thing that a stream says is where it begins."""
    with Stream(own, "training-student") as stream:
        line = next(stream.lines)
    last_id = line.removeprefix("id: ")
    own.put("training-student", "enable", True)
    with Stream(own, "training-student", last_id) as stream:
        assert versions(stream.events(), 1) == {"enable": [1]}


def test_who_was_away_for_longer_than_the_history_is_told_so(own):
    with Stream(own, "training-student").begun() as stream:
        own.put("training-student", "enable", True)
        next(stream.events())
        last_id = stream.last_id
    stranger_writes(own.url, 120)
    with Stream(own, "training-student", last_id) as stream:
        told = list(islice(stream.events(), 202))
    assert [data["name"] for event, data in told if event == "gone"].count("visits") == 1
    assert [data["version"] for event, data in told if event == "change" and data["name"] == "visits"] == list(range(21, 121))


def test_who_has_seen_more_than_a_restored_database_has_is_told_so_and_goes_on(own):
    own.put("training-student", "enable", True)
    with Stream(own, "training-student", '{"enable": 1, "visits": 1000}') as stream:
        assert next(stream.events()) == ("gone", {"module": "training-student", "name": "visits"})
        stranger_writes(own.url, 3)
        assert versions(stream.events(), 6) == {"visits": [1, 2, 3], "enable": [2, 3, 4]}


@pytest.mark.parametrize("last_id", ["x", "[]", "3", '{"enable": -1}', '{"enable": "x"}', '{"enable": 1e40}'])
def test_an_id_that_is_none_of_ours_is_refused(web, last_id):
    with Stream(web, "training-student", last_id) as stream:
        assert stream.response.status_code == 422


def test_a_module_without_a_history_or_a_name_cannot_be_followed(web):
    with Stream(web, "nothing") as stream:
        assert stream.response.status_code == 404


def test_the_server_ends_within_seconds_of_being_asked_to_whoever_is_listening(own):
    with Stream(own, "training-student").begun() as first, Stream(own, "demo-course").begun() as second:
        asked = time.monotonic()
        own.process.end(signal.SIGTERM, 10)
        assert time.monotonic() - asked < 5
        assert list(first.events()) == list(second.events()) == []
    assert "Application shutdown complete." in own.log


# ----------------------------------------------------------------------- one watcher, many clients


def feeds():
    return [each for each in gc.get_objects() if type(each) is Feed]


def test_a_client_that_goes_away_is_dropped(tmp_path):
    before, port = feeds(), free_port()
    config = uvicorn.Config(create_app(f"sqlite:///{tmp_path / 'app.db'}"), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        [feed] = [each for each in feeds() if each not in before]
        with httpx.stream("GET", f"http://127.0.0.1:{port}/modules/training-student/events", trust_env=False) as stream:
            lines = stream.iter_lines()  # held, for httpx closes what nobody reads any more
            next(lines)
            assert len(feed.clients) == 1
        deadline = time.monotonic() + 5
        while feed.clients and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not feed.clients
    finally:
        server.should_exit = True
        thread.join(10)


def test_a_client_that_is_too_slow_is_sent_away_and_misses_nothing(tmp_path):
    async def main():
        async with AsyncApp.open(f"sqlite:///{tmp_path / 'app.db'}") as app, app.watch() as watch, asyncio.TaskGroup() as tasks:
            feed, scope = Feed(watch), app.scope("training-student")
            tasks.create_task(feed.run())
            async with feed.following(scope, None) as slow, feed.following(app.scope("demo-course"), None) as other:
                for _ in range(PATIENCE // 50):
                    for _ in range(50):
                        await scope.status.update("visits", lambda visits: visits + 1)
                    await asyncio.sleep(0.05)
                told = [event async for event in slow]
                assert len(feed.clients) == 1
                watch.close()
                assert [event.event async for event in other] == [None]
            assert [event.event for event in told] == [None] + ["change"] * PATIENCE
            assert told[-1].id == '{"enable": 0, "user": 0, "visits": 1000}'

    asyncio.run(asyncio.wait_for(main(), 60))
