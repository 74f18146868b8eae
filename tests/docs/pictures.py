"""The pictures in the pages, each drawn from what it shows: `make pictures` writes them anew."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.first_write import first_write

import perdure_user
import staff_leave
from order_desk.lifecycle import OrderLifecycle
from perdure import App, graph
from perdure_user import UserLifecycle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PLACE = re.compile(r"(^<!-- picture: ([\w-]+) -->\n\n```mermaid\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def layers() -> str:
    """Draw the layers that import-linter holds, from the top to the ground."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    contract = next(each for each in tool["importlinter"]["contracts"] if each["type"] == "layers")
    return "\n".join(["block-beta", "    columns 1", *map(row, contract["layers"])]) + "\n"


def row(layer: str) -> str:
    """Draw one layer: its packages, side by side."""
    packages = [f'{name.strip("_")}_["{name}"]' for name in layer.split(" : ")]  # `columns` itself is a word of Mermaid's
    row = packages if len(packages) == 1 else ["block", *packages, "end"]
    return "\n".join(f"    {line}" for line in row)


def user_lifecycle(*plugins: object) -> str:
    """Draw how a user's account moves where these plugins are installed."""
    with App.open("sqlite://", plugins=[perdure_user, *plugins]) as app:
        return graph(app.lifecycles[UserLifecycle]).mermaid()


PICTURES: dict[str, Callable[[], str]] = {
    "layers": layers,
    "first-write": first_write,
    "order-lifecycle": lambda: graph(OrderLifecycle).mermaid(),
    "user-lifecycle": user_lifecycle,
    "user-lifecycle-with-leave": lambda: user_lifecycle(staff_leave),
}


def pages() -> Iterator[Path]:
    """Find the pages that have a picture."""
    return (page for page in sorted(DOCS.rglob("*.md")) if PLACE.search(page.read_text("utf-8")))


def drawn(page: str) -> str:
    """Return a page with its pictures drawn anew."""
    return PLACE.sub(lambda place: f"{place[1]}{PICTURES[place[2]]()}", page)


if __name__ == "__main__":
    for page in pages():
        page.write_text(drawn(page.read_text("utf-8")), "utf-8")
