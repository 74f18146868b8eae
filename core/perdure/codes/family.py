"""Families of status codes: a published vocabulary, one class each.

Deriving and extending are two things. `class StaffStatuses(UserStatuses, name="staff")` is a new family that starts with the
codes of `user`. `class StaffStatuses(UserStatuses, extends=UserStatuses)` adds to `user`, once a plugin hands it in, and to
nothing else; a family derived from `user` does not receive it. Neither changes the class `UserStatuses`.

What is built at import (a column type, a lifecycle, a schema) refers to the class as it is written: the plugins are known only
to an App. There, `app.families[UserStatuses]` is the family with everything that plugins added.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.codes.constants import ConstantMeta, ConstantSet, constants_of, is_constant, membership
from perdure.codes.ordered import OrderedSet
from perdure.errors import InvalidFamily, UnknownStatusCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perdure.codes.constants import Predicate

FAMILY_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
"""What a family's name looks like; lower case, so that no two differ in case only."""


def tables(codes: Iterable[StatusCode]) -> dict[str, Any]:
    """Return what a family works out from its codes: a constant for each, the sets and the predicates, ready for a class."""
    ordered = sorted(codes)
    everything = OrderedSet(ordered)
    made: dict[str, Any] = {code.name: code for code in ordered}
    made["constants"] = tuple(made)
    made["SCHEME_SET"] = everything
    made["is_valid"] = membership("is_valid", everything.texts, "Tell whether a text is one of the family's codes.")
    for category in Category:
        members = OrderedSet(code for code in ordered if code.category is category)
        question = f"is_{category.name.lower()}"
        made[f"{category.name}_SCHEME_SET"] = members
        made[question] = membership(question, members.texts, f"Tell whether a text is one of the family's {category.name} codes.")
    made["by_category"] = MappingProxyType({category: made[f"{category.name}_SCHEME_SET"] for category in Category})
    made["by_text"] = MappingProxyType({str(code): code for code in ordered})
    return made


def clash(codes: Iterable[StatusCode]) -> tuple[StatusCode, StatusCode] | None:
    """Return the first two codes that share a number and not the name, or a name and not the number; None where none do."""
    numbers: dict[str, StatusCode] = {}
    names: dict[str, StatusCode] = {}
    for code in sorted(codes):
        for other in (numbers.setdefault(code[:3], code), names.setdefault(code.name, code)):
            if other != code:
                return other, code
    return None


class FamilyMeta(ConstantMeta):
    """What a family is: checked and worked out once when defined, and frozen from then on."""

    def __new__(
        cls, qualname: str, bases: tuple[type, ...], body: dict[str, Any], *, name: str | None = None, extends: type | None = None
    ) -> Any:
        """Define a family, or an extension of one."""
        if ConstantSet in bases:  # StatusFamily itself
            return type.__new__(cls, qualname, bases, {**body, **tables(()), "name": "", "extends": None, "merged_from": None})
        for base in bases:
            if isinstance(base, FamilyMeta) and vars(base)["merged_from"]:
                raise InvalidFamily(
                    qualname, f"{base.__qualname__} is what an App merged; inherit from the class as it is written"
                )
        new = extends is None
        facts: dict[str, Any] = {
            "name": checked_name(qualname, name) if new else checked_extension(qualname, bases, body, name, extends),
            "extends": extends,
            "merged_from": None,
        }
        codes = checked_codes(qualname, bases, body, new=new)
        return type.__new__(cls, qualname, bases, {**body, **tables(codes), **facts})

    @classmethod
    def merged(
        cls, family: type[StatusFamily], extensions: Iterable[type[StatusFamily]], codes: Iterable[StatusCode]
    ) -> type[StatusFamily]:
        """Return a subclass of a family, and of its extensions, that answers for all of the codes."""
        told = {"__module__": family.__module__, "__qualname__": family.__qualname__, "__doc__": family.__doc__}
        facts = {"name": family.name, "extends": None, "merged_from": family}
        merged: Any = type.__new__(cls, family.__name__, (*extensions, family), {**told, **tables(codes), **facts})
        return cast("type[StatusFamily]", merged)

    def __repr__(cls) -> str:  # noqa: N805 - a class is what a metaclass calls self
        """Return the class, its kind and name, and how many codes it has."""
        told = vars(cls)
        kind = "merged family" if told["merged_from"] else "extension of" if told["extends"] else "family"
        return f"<{cls.__qualname__}: {kind} {told['name']!r}, {len(told['SCHEME_SET'])} codes>"


def checked_name(qualname: str, name: str | None) -> str:
    """Return the name of a new family, or raise `InvalidFamily`."""
    if name is None:
        raise InvalidFamily(
            qualname,
            'say which it is: name="…" makes a new family that starts with the inherited codes, '
            "extends=… adds to the family that it inherits from",
        )
    if not FAMILY_NAME.fullmatch(name):
        raise InvalidFamily(qualname, f"name={name!r} is no name: lower case, digits, '_', '.' and '-', 64 characters at most")
    return name


def checked_extension(
    qualname: str, bases: tuple[type, ...], body: dict[str, Any], name: str | None, extends: type | None
) -> str:
    """Return the name of the family that an extension adds to, or raise `InvalidFamily`."""
    if name is not None:
        raise InvalidFamily(qualname, "name= and extends= exclude each other: a new family has a name, an extension adds to one")
    if not isinstance(extends, FamilyMeta) or not vars(extends)["name"]:
        raise InvalidFamily(qualname, f"extends={extends!r} is no family")
    if base := vars(extends)["extends"]:
        raise InvalidFamily(
            qualname,
            f"{extends.__qualname__} is an extension itself; extend {base.__qualname__}, and every extension of it is merged",
        )
    if bases != (extends,):
        raise InvalidFamily(
            qualname, f"an extension inherits from what it extends alone: class {qualname}({extends.__qualname__}, extends=…)"
        )
    for attribute in body:
        if not is_constant(attribute) and not attribute.startswith("__"):
            raise InvalidFamily(qualname, f"an extension adds codes and nothing else; move {attribute!r} out of it")
    return str(vars(extends)["name"])


def checked_codes(qualname: str, bases: tuple[type, ...], body: dict[str, Any], *, new: bool) -> list[StatusCode]:
    """Return the codes that a family inherits and defines, or raise `InvalidFamily`.

    What an extension adds may clash with what its family has come to have since; that is told when an App merges them, which
    knows the owners of both.
    """
    codes: list[StatusCode] = []
    for attribute, code in constants_of(bases, body).items():
        if not isinstance(code, StatusCode):
            raise InvalidFamily(qualname, f"{attribute} is {code!r}, and a constant of a family is a StatusCode(…)")
        if attribute != code.name:
            raise InvalidFamily(qualname, f"{attribute} = {code!r} goes by two names; call it {code.name}")
        codes.append(code)
    inherited = [vars(base)["SCHEME_SET"] for base in bases if isinstance(base, FamilyMeta)]
    own = [code for code in codes if code.name in body]
    if pair := clash(set(codes).union(*inherited) if new else own):
        shared = "number" if pair[0][:3] == pair[1][:3] else "name"
        raise InvalidFamily(qualname, f"{str(pair[0])!r} and {str(pair[1])!r} share a {shared}; change one of them")
    return codes


class StatusFamily(ConstantSet, metaclass=FamilyMeta):
    """A family of status codes: a subclass assigns codes to attributes of their names.

    ```python
    class TicketStatuses(StatusFamily, name="ticket"):
        OPEN = StatusCode("200_OPEN", "Somebody works on it")
    ```

    A misspelt code is an error to mypy and pyright. The class is frozen and has no instances. The predicates answer for the
    codes of this family: of a text that is none of them, each says no. `StatusCode(text).category` answers for every code.
    In pydantic and FastAPI, `Annotated[StatusCode, TicketStatuses]` is a field that takes its codes, and an enum in OpenAPI.
    """

    name: ClassVar[str]
    """The family's name; an extension has that of the family it adds to."""

    extends: ClassVar[type[StatusFamily] | None]
    """The family that an extension adds to; None for a family."""

    merged_from: ClassVar[type[StatusFamily] | None]
    """The family as it is written, where an App merged this one; None otherwise."""

    by_category: ClassVar[Mapping[Category, OrderedSet[StatusCode]]]
    """The codes of each category."""

    by_text: ClassVar[Mapping[str, StatusCode]]
    """The codes by their text as exact `str`."""

    SCHEME_SET: ClassVar[OrderedSet[StatusCode]]  # pyright: ignore[reportIncompatibleVariableOverride] - frozen, so covariant
    """All codes, by number."""

    INITIAL_SCHEME_SET: ClassVar[OrderedSet[StatusCode]]
    """The 0xx codes, by number."""

    PENDING_SCHEME_SET: ClassVar[OrderedSet[StatusCode]]
    """The 1xx codes, by number."""

    ACTIVE_SCHEME_SET: ClassVar[OrderedSet[StatusCode]]
    """The 2xx codes, by number."""

    COMPLETED_SCHEME_SET: ClassVar[OrderedSet[StatusCode]]
    """The 3xx codes, by number."""

    INACTIVE_SCHEME_SET: ClassVar[OrderedSet[StatusCode]]
    """The 4xx codes, by number."""

    FAILED_SCHEME_SET: ClassVar[OrderedSet[StatusCode]]
    """The 5xx codes, by number."""

    is_initial: ClassVar[Predicate]
    """Tell whether a text is one of the family's 0xx codes."""

    is_pending: ClassVar[Predicate]
    """Tell whether a text is one of the family's 1xx codes."""

    is_active: ClassVar[Predicate]
    """Tell whether a text is one of the family's 2xx codes."""

    is_completed: ClassVar[Predicate]
    """Tell whether a text is one of the family's 3xx codes."""

    is_inactive: ClassVar[Predicate]
    """Tell whether a text is one of the family's 4xx codes."""

    is_failed: ClassVar[Predicate]
    """Tell whether a text is one of the family's 5xx codes."""

    @classmethod
    def parse(cls, text: str) -> StatusCode:
        """Return the family's code that a text is, with its description.

        Raises:
            UnknownStatusCode: It is none of them; the error names the family and the nearest code.
        """
        try:
            return cls.by_text[text]
        except (KeyError, TypeError):
            raise UnknownStatusCode(cls.name, str(text), tuple(cls.by_text)) from None
