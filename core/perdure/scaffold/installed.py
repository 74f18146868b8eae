"""What is installed where the command runs: packages that are looked for, or would be in the way."""

from __future__ import annotations

import json
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from perdure.errors import InvalidName

if TYPE_CHECKING:
    from perdure.scaffold.identity import Identity


def refuse_taken(identity: Identity, folder: Path) -> None:
    """Refuse the names of what is installed, unless it was installed from the very folder that is to be written.

    Args:
        identity: What the new module is called.
        folder: Where it is to be written.

    Raises:
        InvalidName: An installed package or distribution has the name.
    """
    installed = distribution(identity.module)
    if installed is not None and source_folder(installed) == folder.resolve():
        return
    place = package_place(identity.package)
    if place is not None and place.parent not in (Path.cwd(), folder.resolve()):
        problem = f"is that of an installed package ({place}), and only one could be imported; choose another with --package NAME"
        raise InvalidName("package", identity.package, problem)
    if installed is not None:
        known = f"{installed.name} {installed.version}"
        problem = f"is that of an installed distribution ({known}), whose place the new one would take; choose another"
        raise InvalidName("name", identity.module, problem)


def distribution(name: str) -> metadata.Distribution | None:
    """Return an installed distribution, or None."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def source_folder(installed: metadata.Distribution) -> Path | None:
    """Return the folder that pip installed a distribution from (PEP 610), or None where it came from elsewhere."""
    text = installed.read_text("direct_url.json")
    url = urlsplit(json.loads(text)["url"]) if text else None
    return Path(url2pathname(url.path)).resolve() if url and url.scheme == "file" else None


def package_place(package: str) -> Path | None:
    """Return the folder of a package that can be imported, or the file of a module; None where there is none.

    Nothing is imported for it but the packages that it lies within.
    """
    try:
        spec = find_spec(package)
    except Exception:  # noqa: BLE001 - what it lies within is imported, and may do anything
        return None
    if spec is None:
        return None
    places = [*(spec.submodule_search_locations or ()), spec.origin or package]
    return Path(places[0]).resolve()
