"""A status code: a `str` that knows its number, name, category and description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self, final

from perdure.codes.category import BY_PREFIX, CODE_LENGTH, SHAPE, Category
from perdure.errors import FrozenDefinition, InvalidCode

if TYPE_CHECKING:
    from collections.abc import Callable


@final
class StatusCode(str):
    """A status code such as `201_ACTIVATED`, equal to its string and hashing as it.

    It goes wherever a `str` goes: json, database drivers, sets and dictionaries. It pickles as text and description, so it
    unpickles where the plugin that defined it is gone.

    Args:
        text: Three digits, of which the first is 0 to 5, an underscore, and an upper-case name; 64 characters at most.
        description: What the state means, in a sentence.

    Raises:
        InvalidCode: The text is no code.
    """

    __slots__ = ("description",)

    description: str

    def __new__(cls, text: str, description: str = "") -> Self:
        """Make a code of a text; a code made of a code keeps its description."""
        if type(text) is cls and not description:
            return text
        if not isinstance(text, str) or not SHAPE.fullmatch(text):
            raise InvalidCode(text if isinstance(text, str) else repr(text))
        code = super().__new__(cls, text)
        object.__setattr__(code, "description", description or getattr(text, "description", ""))
        return code

    @property
    def number(self) -> int:
        """The number: 201 of `201_ACTIVATED`."""
        return int(self[:3])

    @property
    def name(self) -> str:
        """The name: `ACTIVATED` of `201_ACTIVATED`."""
        return self[4:]

    @property
    def category(self) -> Category:
        """What kind of state it is; known of every code, also of one that no family has."""
        return BY_PREFIX[self[0]]

    def __repr__(self) -> str:
        """Return the call that makes an equal code."""
        return f"StatusCode({str(self)!r})"

    def __setattr__(self, attribute: str, value: object) -> NoReturn:
        """Refuse: a code never changes."""
        raise FrozenDefinition(repr(self), attribute)

    def __delattr__(self, attribute: str) -> NoReturn:
        """Refuse: a code never changes."""
        raise FrozenDefinition(repr(self), attribute)

    def __copy__(self) -> Self:
        """Return the code itself: nothing can change either."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return the code itself: nothing can change either."""
        return self

    def __reduce__(self) -> tuple[type[StatusCode], tuple[str, str]]:
        """Pickle as text and description, which need no plugin to come back."""
        return StatusCode, (str(self), self.description)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """Tell pydantic v2 what a field annotated `StatusCode` takes: any text of the shape.

        Pydantic calls this itself. Its core schemas are plain dictionaries, so one is written here without importing it. For
        the codes of one family annotate `Annotated[StatusCode, UserStatuses]`.
        """
        shape = {"type": "str", "pattern": f"^{SHAPE.pattern}$", "max_length": CODE_LENGTH}
        return converted(shape, lambda given, validate: given if isinstance(given, cls) else cls(validate(given)))


def converted(schema: dict[str, Any], function: Callable[[Any, Callable[[Any], Any]], Any]) -> dict[str, Any]:
    """Return the core schema that validates by `schema` and makes a value of it by `function(given, validate)`."""
    return {"type": "function-wrap", "function": {"type": "no-info", "function": function}, "schema": schema}
