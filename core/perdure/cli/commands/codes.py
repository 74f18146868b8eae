"""The vocabulary of status codes, and how they move: `codes` and `lifecycle`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from perdure.cli.command import Command, pass_session
from perdure.cli.names import FAMILY, LIFECYCLE, lifecycles_by_name
from perdure.cli.output import table
from perdure.codes.category import Category
from perdure.codes.families import CORE
from perdure.codes.graph import graph
from perdure.codes.transition import named
from perdure.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perdure.cli.session import Session
    from perdure.codes.family import StatusFamily
    from perdure.codes.graph import Graph
    from perdure.plugins.registry import Registry


@click.command(cls=Command, short_help="List the families of status codes, or the codes of one.")
@click.argument("family", type=FAMILY, required=False)
@pass_session
def codes(session: Session, family: str | None) -> None:
    """Tell which families of status codes there are, or the codes of one FAMILY, and who brought them; needs no database."""
    registry = session.registry()
    if family is not None:
        tell_family(session, registry, family)
        return
    found: list[dict[str, Any]] = [
        {"family": name, "codes": len(each.SCHEME_SET), "brought_by": owners_of(registry, each)}
        for name, each in ((name, registry.families[name]) for name in registry.families)
    ]
    session.output.tell(
        found,
        lambda: table(
            ("family", "codes", "brought by"), ([each["family"], each["codes"], ", ".join(each["brought_by"])] for each in found)
        ),
    )


def tell_family(session: Session, registry: Registry, name: str) -> None:
    """Write the codes of one family."""
    family = registry.families[name]
    found: list[dict[str, Any]] = [
        {
            "code": str(code),
            "number": code.number,
            "name": code.name,
            "category": code.category.name,
            "description": code.description,
            "brought_by": next(owner for owner, brought in contributions_to(registry, family) if code in brought.SCHEME_SET),
        }
        for code in family.SCHEME_SET
    ]
    columns = ("number", "name", "category", "description", "brought by")
    session.output.tell(
        found,
        lambda: table(
            columns, ([each["code"][:3], *(each[column.replace(" ", "_")] for column in columns[1:])] for each in found)
        ),
    )


def contributions_to(registry: Registry, family: type[StatusFamily]) -> list[tuple[str, type[StatusFamily]]]:
    """Return what makes up a family, each with the name of who brought it: the family itself first, then what extends it."""
    base = registry.families.written[family.name]
    handed_in = [(each.origin.plugin, brought) for each in registry.contributions for brought in each.families]
    core = [(owner, brought) for owner, brought in CORE if brought is base]
    own = [*core, *((owner, brought) for owner, brought in handed_in if brought is base)]
    extensions = [(owner, brought) for owner, brought in handed_in if brought.extends is base]
    return [*(own or [(base.__module__.partition(".")[0], base)]), *extensions]


def owners_of(registry: Registry, family: type[StatusFamily]) -> list[str]:
    """Return who brought a family and what extends it."""
    return list(dict.fromkeys(owner for owner, _ in contributions_to(registry, family)))


@click.command(cls=Command, short_help="Tell how a status may move.")
@click.argument("name", type=LIFECYCLE)
@click.option("--mermaid", is_flag=True, help="As a Mermaid state diagram.")
@pass_session
def lifecycle(session: Session, name: str, *, mermaid: bool) -> None:
    """Tell how a status may move: by the lifecycle NAME, as `plugins` tells it, with all that plugins added.

    Needs no database.
    """
    known = lifecycles_by_name(session.registry())
    if name not in known:
        several = [each for each in known if each.endswith(f".{name}")]
        if several:
            raise click.UsageError(f"Which one? There are {' and '.join(several)}.")
        raise click.UsageError(f"There is no lifecycle {name!r}. {nearest(name, known)}")
    moves = graph(known[name])
    if mermaid:
        diagram = moves.mermaid()
        session.output.tell({"lifecycle": name, "mermaid": diagram}, lambda: diagram.rstrip("\n"))
        return
    session.output.tell(lifecycle_data(name, moves), lambda: shown_lifecycle(moves))


def lifecycle_data(name: str, moves: Graph) -> dict[str, Any]:
    """Return a lifecycle as JSON has it."""
    return {
        "lifecycle": name,
        "family": moves.family.name,
        "initial": list(map(str, moves.initial)),
        "codes": [
            {"code": str(code), "description": code.description, "to": list(map(str, moves.targets(code)))}
            for code in moves.codes
            if code in moves.reached
        ],
        "transitions": [
            {
                "name": each.name,
                "sources": ends(each.sources),
                "targets": ends(each.targets),
                "condition": None if each.when is None else named(each.when),
                "allow_terminal": each.allow_terminal,
            }
            for each in moves.transitions.values()
        ],
    }


def ends(places: Iterable[Any]) -> list[str]:
    """Return the ends of a transition: codes, and categories by their names."""
    return [each.name if isinstance(each, Category) else str(each) for each in places]


def shown_lifecycle(moves: Graph) -> list[Any]:
    """Return a lifecycle for people."""
    data = lifecycle_data(moves.name, moves)
    transitions = table(
        ("transition", "from", "to", "condition"),
        (
            [each["name"], ", ".join(each["sources"]), ", ".join(each["targets"]), each["condition"]]
            for each in data["transitions"]
        ),
    )
    reached = table(
        ("code", "description", "moves to"),
        ([each["code"], each["description"], ", ".join(each["to"]) or "(an end)"] for each in data["codes"]),
    )
    return [f"Family {data['family']}, begins at {', '.join(data['initial'])}.\n", transitions, "", reached]
