from __future__ import annotations

import pytest


def test_only_what_is_named_is_there_in_memory_and_empty(inner):
    inner.run("""
        import pytest

        seen = []

        @pytest.mark.perdure("training-student")
        @pytest.mark.parametrize("turn", [1, 2])
        def test_one(perdure_app, turn):
            assert [each.origin.distribution for each in perdure_app.report.loaded] == ["training-student"]
            assert perdure_app.report.complete
            assert perdure_app.entries() == []
            perdure_app.scope("training-student").status.set("enable", True)
            seen.append(perdure_app)

        def test_they_are_closed_and_two():
            assert all(app.resources.closed for app in seen)
            assert len(set(map(id, seen))) == 2
    """).assert_outcomes(passed=3)


def test_a_distribution_goes_by_any_spelling_and_a_plugin_may_be_an_object(inner):
    inner.run("""
        import attrs, pytest, demo_course
        from perdure import StatusSpec, hookimpl

        @attrs.frozen
        class Desk:
            enable: bool = True

        class Plugin:
            @hookimpl
            def perdure_status_specs(self):
                return [StatusSpec("desk", Desk)]

        class Static:
            @staticmethod
            @hookimpl
            def perdure_status_specs():
                return [StatusSpec("door", Desk)]

        @pytest.mark.perdure.with_args(Static)
        def test_a_class(perdure_app):
            assert [each.module for each in perdure_app.scopes()] == ["door"]

        @pytest.mark.perdure("Training.Student", "training-student", demo_course, Plugin())
        def test_all(perdure_app):
            assert [each.module for each in perdure_app.scopes()] == ["demo-course", "desk", "training-student"]
    """).assert_outcomes(passed=2)


def test_an_extension_needs_nothing_else_named(inner):
    inner.run("""
        import pytest

        @pytest.mark.perdure("staff-leave")
        def test_it(perdure_app):
            assert "409_ON_LEAVE" in perdure_app.families["user"].SCHEME_SET
            assert perdure_app.scope("staff-leave").status.get("deputy") == "201_ACTIVATED"
    """).assert_outcomes(passed=1)


def test_the_closest_mark_wins_for_each_argument(inner):
    inner.configure("perdure_plugins = demo-course")
    inner.run("""
        import pytest

        def modules(app):
            return [each.module for each in app.scopes()]

        def test_the_project_says_so(perdure_app):
            assert modules(perdure_app) == ["demo-course"]

        @pytest.mark.perdure("training-student", tenant="school", defaults={"training-student": {"visits": 3}})
        class TestClass:
            def test_the_class_says_so(self, perdure_app):
                assert modules(perdure_app) == ["training-student"]
                assert perdure_app.tenant_name == "school"

            @pytest.mark.perdure(defaults={"training-student": {"visits": 4}})
            def test_the_test_says_more(self, perdure_app):
                assert modules(perdure_app) == ["training-student"]
                assert perdure_app.tenant_name == "school"
                assert perdure_app.scope("training-student").status.get("visits") == 4

            @pytest.mark.perdure("demo-course", defaults=None, pinned={"demo-course": {"enable": True}}, actor="a test")
            def test_the_test_says_other_things(self, perdure_app):
                assert modules(perdure_app) == ["demo-course"]
                assert perdure_app.scope("demo-course").status.entry("enable").pinned
                assert perdure_app.scope("demo-course").status.set("seats", 1).actor == "a test"
    """).assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("", "*perdure_app is opened with the plugins that are named, and none is. Name them: @pytest.mark.perdure(*"),
        (
            "@pytest.mark.perdure('libary')",
            "*plugins='libary' cannot be used: expected a plugin object, or the name of one that is installed: 'demo-course',*",
        ),
        (
            "@pytest.mark.perdure('demo-course', default={})",
            "*pytest.mark.perdure takes names of plugins, actor=,*; not default=.*",
        ),
        ("@pytest.mark.perdure(object())", "*PluginFailed: Plugin 'object' *"),
    ],
)
def test_what_cannot_be_is_an_error_that_says_what_can(inner, mark, said):
    result = inner.run(f"""
        import pytest

        {mark}
        def test_it(perdure_app): pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


def test_nothing_of_the_environment_leaks_in(inner, monkeypatch, tmp_path):
    for name, value in {
        "PERDURE_URL": f"sqlite:///{tmp_path / 'own.db'}",
        "PERDURE_REDIS": "redis://127.0.0.1:1/0",
        "PERDURE_TENANT": "developer",
        "PERDURE_MIGRATE": "no",
        "PERDURE_BLOCKED": "demo-course",
    }.items():
        monkeypatch.setenv(name, value)
    inner.run("""
        import os, pytest
        from perdure import App, NoStoreConfigured

        @pytest.mark.perdure("demo-course")
        def test_it(perdure_app):
            assert perdure_app.tenant_name == ""
            perdure_app.scope("demo-course").status.set("seats", 1)
            with pytest.raises(NoStoreConfigured):
                App.open()

        def is_back():
            return os.environ["PERDURE_TENANT"] == "developer" and os.environ["PERDURE_REDIS"] == "redis://127.0.0.1:1/0"

        def test_it_is_back():
            assert is_back()

        @pytest.mark.perdure("demo-course")
        def test_what_a_test_sets_counts(monkeypatch, perdure_app):
            monkeypatch.setenv("PERDURE_TENANT", "test")
            monkeypatch.delenv("PERDURE_REDIS", raising=False)
            assert os.environ["PERDURE_TENANT"] == "test"

        def test_it_is_back_again():
            assert is_back()

        @pytest.mark.perdure("demo-course")
        def test_in_the_other_order(perdure_app, monkeypatch):
            monkeypatch.setenv("PERDURE_TENANT", "test")

        def test_it_is_back_once_more():
            assert is_back()
    """).assert_outcomes(passed=6)
    assert not (tmp_path / "own.db").exists()


def test_an_application_puts_its_own_in_its_place(inner, database):
    inner.run(f"""
        import pytest
        from perdure import App

        @pytest.fixture(scope="module")
        def application():
            with App.open({database!r}, plugins=["training-student"]) as app:
                yield app

        @pytest.fixture
        def perdure_app(application):
            return application

        def test_it(perdure_app, perdure_override, perdure_changes):
            perdure_override("training-student", visits=3)
            perdure_app.scope("training-student").status.update("visits", lambda visits: visits + 1)
            assert perdure_changes.values() == [("training-student", "visits", 4)]

        def test_it_was_put_back(perdure_app):
            assert "visits" not in perdure_app.scope("training-student").status
    """).assert_outcomes(passed=2)
