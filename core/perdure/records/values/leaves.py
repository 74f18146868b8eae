"""The types whose values have no parts: how each is accepted, written to JSON data and read from it."""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
from cattrs.fns import identity

from perdure.codes.code import StatusCode
from perdure.errors import InvalidCode
from perdure.records.values.mismatch import Unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 10**4300
"""Unless it is told otherwise, Python reads no int of more than 4300 digits: what one process may write, all may read."""

MICROSECOND = timedelta(microseconds=1)


@attrs.frozen
class Leaf:
    """A type without parts.

    Attributes:
        cls: The type; values of its subclasses become plain ones of it.
        kind: The Python type of its JSON data.
        copy: Makes a plain value of a subclass's.
        check: Returns what is wrong with a plain value, as what was expected instead, or None.
        write: Makes JSON data of a value.
        read: Makes a value of JSON data of the right kind; raises ValueError and its like for what it cannot read.
    """

    cls: type
    kind: type
    copy: Callable[[Any], Any]
    check: Callable[[Any], str | None] = lambda _: None
    write: Callable[[Any], Any] = identity
    read: Callable[[Any], Any] = identity

    def accept(self, value: Any, _declared: Any = None) -> Any:
        """Return the plain value that equals the given one, or raise `Unfit`."""
        accepted = value
        if value.__class__ is not self.cls:
            if not isinstance(value, self.cls) or (self.cls is int and value.__class__ is bool):
                raise Unfit(self.cls.__name__, value)
            accepted = self.plain(value)
        if wrong := self.check(accepted):
            raise Unfit(wrong, value)
        return accepted

    def plain(self, value: Any) -> Any:
        """Return a subclass's value as a plain one, or raise `Unfit` where that would lose something."""
        try:
            copy = self.copy(value)
            if copy.__class__ is self.cls and copy == value:
                return copy
        except Exception:  # noqa: BLE001, S110 - a subclass may raise anything: its value is refused all the same
            pass
        raise Unfit(self.cls.__name__, value)

    def decode(self, data: Any, _declared: Any = None) -> Any:
        """Return the value that JSON data stands for, or raise `Unfit`; only what `write` writes is read."""
        if data.__class__ is self.kind:
            try:
                value = self.read(data)
                if self.write(value) == data:
                    return value
            except (ValueError, ArithmeticError, InvalidCode):
                pass
        raise Unfit(f"{self.cls.__name__} as {self.kind.__name__}", data)


# While time is frozen, freezegun replaces date and datetime under whatever name a module has them: arguments hold them fast.
def plain_date(value: Any, date: type[date] = date, datetime: type[datetime] = datetime) -> date:
    """Return a subclass's date as a plain one; a datetime is none, since its time of day would be lost."""
    if isinstance(value, datetime):
        raise TypeError
    return date(value.year, value.month, value.day)


def plain_datetime(v: Any, datetime: type[datetime] = datetime) -> datetime:
    """Return a subclass's datetime as a plain one."""
    return datetime(v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, v.tzinfo, fold=v.fold)


def plain_time(v: Any) -> time:
    """Return a subclass's time as a plain one."""
    return time(v.hour, v.minute, v.second, v.microsecond, v.tzinfo, fold=v.fold)


def plain_timedelta(value: Any) -> timedelta:
    """Return a subclass's duration as a plain one."""
    return timedelta(value.days, value.seconds, value.microseconds)


def plain_uuid(value: Any) -> UUID:
    """Return a subclass's UUID as a plain one; asyncpg has such."""
    return UUID(int=value.int)


def to_base64(value: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(value).decode("ascii")


def from_base64(text: str) -> bytes:
    """Return the bytes of a text."""
    return base64.b64decode(text, validate=True)


def to_microseconds(value: timedelta) -> int:
    """Return a duration as an int: exact, as its seconds as a float are not."""
    return value // MICROSECOND


def from_microseconds(count: int) -> timedelta:
    """Return the duration of so many microseconds."""
    return timedelta(microseconds=count)


def small_int(value: int) -> str | None:
    """Refuse an int that Python writes and does not read again."""
    return None if -LARGEST < value < LARGEST else "int of at most 4300 digits"


def finite_float(value: float) -> str | None:
    """Refuse NaN and the infinities, which are not JSON."""
    return None if math.isfinite(value) else "a finite float"


def finite_decimal(value: Decimal) -> str | None:
    """Refuse NaN and the infinities, as for float."""
    return None if value.is_finite() else "a finite Decimal"


def encodable(value: str) -> str | None:
    """Refuse a text with a lone surrogate, which no database takes."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "str without lone surrogates"
    return None


def fixed_offset(value: datetime | time) -> str | None:
    """Refuse a time zone without an offset at that time: the time would come back naive."""
    return "a naive time, or one with a UTC offset" if value.tzinfo is not None and value.utcoffset() is None else None


EVERY_LEAF = (
    Leaf(NoneType, NoneType, identity),
    Leaf(bool, bool, identity),
    Leaf(int, int, int.__int__, small_int),
    Leaf(float, float, float.__float__, finite_float),
    Leaf(str, str, str.__str__, encodable),
    Leaf(bytes, str, bytes.__bytes__, write=to_base64, read=from_base64),
    Leaf(date, str, plain_date, write=date.isoformat, read=date.fromisoformat),
    Leaf(datetime, str, plain_datetime, fixed_offset, datetime.isoformat, datetime.fromisoformat),
    Leaf(time, str, plain_time, fixed_offset, time.isoformat, time.fromisoformat),
    Leaf(timedelta, int, plain_timedelta, write=to_microseconds, read=from_microseconds),
    Leaf(Decimal, str, Decimal, finite_decimal, str, Decimal),
    Leaf(UUID, str, plain_uuid, write=str, read=UUID),
    Leaf(StatusCode, str, identity, write=str, read=StatusCode),
)

LEAVES: Mapping[type, Leaf] = MappingProxyType({leaf.cls: leaf for leaf in EVERY_LEAF})


def accept_float(value: Any, _declared: Any = None) -> float:
    """Return the float that equals a float or an int, or raise `Unfit`."""
    if value.__class__ is int:
        return exact_float(value)
    accepted: float = LEAVES[float].accept(value)
    return accepted


def accept_code(value: Any, _declared: Any = None) -> StatusCode:
    """Return the status code that a code or its text is, or raise `Unfit`."""
    if value.__class__ is StatusCode:
        code: StatusCode = value
        return code
    if not isinstance(value, str):
        raise Unfit("StatusCode", value)
    try:
        return StatusCode(str.__str__(value))
    except InvalidCode:
        raise Unfit("StatusCode, such as '201_ACTIVATED'", value) from None


def exact_float(value: int) -> float:
    """Return the float that equals an int, or raise `Unfit` where there is none."""
    try:
        if (converted := float(value)) == value:
            return converted
    except OverflowError:
        pass
    raise Unfit("float, or an int that a float can hold exactly", value)


MORE_THAN_INSTANCES: Mapping[type, Callable[..., Any]] = MappingProxyType({float: accept_float, StatusCode: accept_code})
"""How the types are accepted that take more than their own instances."""
