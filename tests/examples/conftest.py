from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

VAULT = """
import attrs
from perdure import StatusSpec, field, hookimpl

@attrs.frozen
class VaultStatus:
    password: str = field(secret=True, default="default-secret")
    pin: int | None = field(secret=True, default=None)
    counter: int = field(default=0, history=0)

@hookimpl
def perdure_status_specs():
    return [StatusSpec("vault", VaultStatus)]
"""


@pytest.fixture(scope="session")
def vault(tmp_path_factory) -> Path:
    """A folder in which a distribution is installed that has secrets."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "vault.py").write_text(VAULT, "utf-8")
    metadata = folder / "vault-1.0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vault\nVersion: 1.0.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[perdure]\nvault = vault\n", "utf-8")
    return folder
