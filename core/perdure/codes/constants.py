"""Sets of typed constants: classes whose upper-case attributes are the values, and which never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeAlias

from perdure.codes.code import converted
from perdure.codes.ordered import OrderedSet
from perdure.errors import FrozenDefinition, InvalidFamily, UnknownStatusCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Predicate: TypeAlias = Callable[[str | None], bool]
    """A question about a status. What a nullable column holds may be asked about too; None is nothing."""

RESERVED = "SCHEME_SET"
"""How the names end under which the class keeps its own sets."""


class Body(dict[str, Any]):
    """The namespace of a class body; it refuses a constant that is assigned twice, which Python would overwrite."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner

    def __setitem__(self, attribute: str, value: Any) -> None:
        """Take what the class body assigns."""
        if is_constant(attribute):
            if attribute in self:
                raise InvalidFamily(self.owner, f"{attribute} is assigned twice; give the second another name")
            if attribute.endswith(RESERVED):
                raise InvalidFamily(self.owner, f"{attribute} is worked out from the constants, and cannot be assigned")
        super().__setitem__(attribute, value)


def is_constant(attribute: str) -> bool:
    """Tell whether a class attribute is a constant by its name: upper case, and no leading underscore."""
    return attribute.isupper() and not attribute.startswith("_")


def constants_of(bases: tuple[type, ...], body: Mapping[str, Any]) -> dict[str, str]:
    """Return the constants that a class inherits, then its own, in order; its own win."""
    found: dict[str, str] = {}
    for base in bases:
        if isinstance(base, ConstantMeta):
            found |= {name: getattr(base, name) for name in base.constants}
    return found | {attribute: value for attribute, value in body.items() if is_constant(attribute)}


def membership(name: str, texts: frozenset[str], doc: str) -> staticmethod[[str | None], bool]:
    """Return a predicate over exact texts; a closure, since a class method that looks its set up takes half as long again."""

    def holds(status: str | None) -> bool:
        try:
            return status in texts
        except TypeError:  # not hashable, so no text
            return False

    holds.__name__ = holds.__qualname__ = name
    holds.__doc__ = doc
    return staticmethod(holds)


class ConstantMeta(type):
    """What a set of constants is: worked out once when defined, and frozen from then on."""

    constants: tuple[str, ...]
    """The names of its constants."""

    @classmethod
    def __prepare__(cls, qualname: str, bases: tuple[type, ...], /, **_keywords: Any) -> Body:
        """Return the namespace that the class body is executed in."""
        return Body(qualname)

    def __new__(cls, qualname: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        """Define a set of constants."""
        constants = constants_of(bases, body)
        values: dict[str, str] = {}
        for attribute, value in constants.items():
            if not isinstance(value, str):
                raise InvalidFamily(qualname, f"{attribute} is {value!r}, and a constant is a str")
            if (other := values.setdefault(value, attribute)) != attribute:
                raise InvalidFamily(qualname, f"{other} and {attribute} are both {value!r}; remove one of them")
        members = OrderedSet(constants.values())
        made = {
            "constants": tuple(constants),
            "SCHEME_SET": members,
            "is_valid": membership("is_valid", members.texts, "Tell whether a text is one of the constants."),
        }
        return super().__new__(cls, qualname, bases, {**body, **made})

    def __setattr__(cls, attribute: str, value: object) -> NoReturn:
        """Refuse: the class is frozen."""
        raise FrozenDefinition(cls.__qualname__, attribute)

    def __delattr__(cls, attribute: str) -> NoReturn:
        """Refuse: the class is frozen."""
        raise FrozenDefinition(cls.__qualname__, attribute)

    def __call__(cls, *_arguments: Any, **_keywords: Any) -> NoReturn:
        """Refuse: there are no instances."""
        message = f"{cls.__qualname__} is a table of constants, and there are no instances of it: use its attributes"
        raise TypeError(message)


class ConstantSet(metaclass=ConstantMeta):
    """A set of typed constants: a subclass assigns plain `str` values to upper-case attributes.

    A misspelt constant is an error to mypy and pyright. The class is frozen and has no instances. In pydantic and FastAPI,
    `Annotated[str, UserTypes]` is a field that takes its values, and an enum in OpenAPI.
    """

    SCHEME_SET: ClassVar[OrderedSet[str]]
    """Its values, in the order they are written in; those that it inherits come first."""

    is_valid: ClassVar[Predicate]
    """Tell whether a text is one of its values; what is no text is not."""

    @classmethod
    def parse(cls, text: str) -> str:
        """Return the value that a text is.

        Raises:
            UnknownStatusCode: It is none of them; the error names the set and the nearest value.
        """
        if cls.is_valid(text):
            return next(value for value in cls.SCHEME_SET if value == text)
        raise UnknownStatusCode(cls.__qualname__, str(text), tuple(sorted(cls.SCHEME_SET.texts)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """Tell pydantic v2 what `Annotated[…, this class]` takes: one of the values, an enum in JSON Schema and OpenAPI."""
        if source is cls:
            message = (
                f"a field holds one of the values of {cls.__qualname__}: annotate it Annotated[StatusCode, {cls.__qualname__}]"
            )
            raise TypeError(message)
        values = {"type": "literal", "expected": [str(value) for value in cls.SCHEME_SET]}
        return converted(values, lambda given, validate: cls.parse(validate(str(given) if isinstance(given, str) else given)))
