"""What importing pottery does to a process, and what it does not do to ours."""

from __future__ import annotations

import subprocess
import sys

import pytest

UNTOUCHED = """
import json, os, sys
dumps = json.dumps
import perdure.lock.redlock
assert "pottery" in sys.modules
assert json.dumps is dumps
assert os.environ.get("REDIS_URL") == {url!r}
"""
CONTROL = "import json; dumps = json.dumps; import pottery; assert json.dumps is dumps"


def run(code, env):
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0", "not a url", "redis://127.0.0.1:port/", ""])
def test_json_dumps_and_the_environment_stay_what_they_were(url, monkeypatch):
    env = {"PYTHONPATH": ":".join(sys.path)} | ({} if url is None else {"REDIS_URL": url})
    done = run(UNTOUCHED.format(url=url), env)
    assert done.returncode == 0, done.stderr


def test_pottery_alone_replaces_json_dumps_and_fails_on_a_malformed_url():
    assert run(CONTROL, {"PYTHONPATH": ":".join(sys.path)}).returncode
    assert run("import pottery", {"PYTHONPATH": ":".join(sys.path), "REDIS_URL": "not a url"}).returncode


@pytest.mark.parametrize("module", ["local", "memory", "files", "advisory", "held", "protocol"])
def test_nothing_but_redlock_imports_pottery_or_redis(module):
    code = f"import sys, perdure.lock.{module}; assert not {{'pottery', 'redis', 'sqlalchemy'}} & set(sys.modules)"
    done = run(code, {"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode == 0, done.stderr
