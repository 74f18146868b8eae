from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", str(folder / "pyproject.toml")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_run_down_the_layers():
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout


def test_the_check_fails_when_the_layers_are_turned_round(tmp_path):
    config = (ROOT / "pyproject.toml").read_text("utf-8")
    turned = config.replace('  "app",\n', "").replace('  "errors",\n]', '  "errors",\n  "app",\n]')
    assert turned.count('"app",') == 1
    (tmp_path / "pyproject.toml").write_text(turned, "utf-8")
    assert lint(tmp_path).returncode != 0
