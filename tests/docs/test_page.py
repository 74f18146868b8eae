"""That a page leaves nothing behind for the next."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Page


class Stuck:
    """A shell that cannot be closed."""

    def close(self):
        raise TimeoutError


def test_everything_is_taken_back_even_if_the_shell_cannot_be_closed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERDURE_URL", "sqlite:///own.db")
    page = Page()
    page.enter({})
    assert Path.cwd() != tmp_path
    monkeypatch.setenv("PERDURE_URL", "sqlite:///page.db")
    with pytest.raises(TimeoutError):
        page.leave({"shell": Stuck()})
    assert Path.cwd() == tmp_path
    assert os.environ["PERDURE_URL"] == "sqlite:///own.db"
