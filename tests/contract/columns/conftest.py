"""Every test here that asks for `engine` runs on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.contract.columns.desk import Base, metadata


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def engine(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'desk.db'}" if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_url")
    engine = sa.create_engine(url, pool_size=10)
    for each in (metadata, Base.metadata):
        each.drop_all(engine)
        each.create_all(engine)
    yield engine
    engine.dispose()
