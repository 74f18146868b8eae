from __future__ import annotations

import json
from typing import Annotated

import pytest

from perdure.codes.code import StatusCode
from perdure.codes.families import Families
from perdure.codes.keys import BindingNamespaces
from perdure.codes.statuses import CommonStatuses, Statuses

pydantic = pytest.importorskip("pydantic")


class StaffStatuses(CommonStatuses, extends=CommonStatuses):
    ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


MERGED = Families.merge([("staff", StaffStatuses)])[CommonStatuses]
COMMON = ["000_UNKNOWN", "201_ACTIVATED", "401_DEACTIVATED", "403_BLOCKED", "405_ARCHIVED"]


class User(pydantic.BaseModel):
    any: StatusCode = Statuses.NEW
    status: Annotated[StatusCode, CommonStatuses] = CommonStatuses.UNKNOWN
    maybe: Annotated[StatusCode, CommonStatuses] | None = None
    merged: Annotated[StatusCode, MERGED] = CommonStatuses.UNKNOWN
    space: Annotated[str, BindingNamespaces] = BindingNamespaces.SERVICE


def test_a_field_of_any_code_takes_the_shape():
    user = User.model_validate({"any": "599_GONE"})
    assert (type(user.any), user.any) == (StatusCode, "599_GONE")
    assert User(any=Statuses.RUNNING).any is Statuses.RUNNING


@pytest.mark.parametrize("given", ["x", 5, None, "409_x", "409_X\n", "409_" + "A" * 61, []])
def test_a_field_of_any_code_refuses_what_is_none(given):
    with pytest.raises(pydantic.ValidationError):
        User.model_validate({"any": given})


def test_a_field_of_a_family_takes_its_codes_and_describes_them():
    for user in (
        User.model_validate({"status": "403_BLOCKED"}),
        User.model_validate({"status": StatusCode("403_BLOCKED")}),
        User.model_validate({"status": Statuses.BLOCKED}, strict=True),
        User.model_validate_json('{"status": "403_BLOCKED"}'),
    ):
        assert user.status is CommonStatuses.BLOCKED


@pytest.mark.parametrize("given", ["202_RUNNING", "409_ON_LEAVE", "", 5, None, []])
def test_a_field_of_a_family_refuses_what_is_none_of_its_codes(given):
    with pytest.raises(pydantic.ValidationError, match="Input should be '000_UNKNOWN'"):
        User.model_validate({"status": given})


def test_a_field_of_a_merged_family_takes_what_plugins_add():
    assert User.model_validate({"merged": "409_ON_LEAVE"}).merged.description == "Away, and coming back"


def test_a_field_of_a_constant_set_takes_its_values():
    assert User.model_validate({"space": "models"}).space == "models"
    with pytest.raises(pydantic.ValidationError):
        User.model_validate({"space": "model"})


def test_codes_are_dumped_as_texts():
    user = User(any=Statuses.RUNNING, maybe=Statuses.BLOCKED)
    assert user.model_dump(mode="json")["maybe"] == "403_BLOCKED"
    assert json.loads(user.model_dump_json())["any"] == "202_RUNNING"


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_json_schema_has_the_shape_and_the_enum(mode):
    properties = User.model_json_schema(mode=mode)["properties"]
    assert properties["any"]["pattern"] == "^[0-5][0-9]{2}_[A-Z][A-Z0-9_]{0,59}$"
    assert properties["any"]["maxLength"] == 64
    assert (properties["status"]["type"], properties["status"]["enum"]) == ("string", COMMON)
    assert properties["merged"]["enum"] == [*COMMON, "409_ON_LEAVE"]


def test_a_field_annotated_with_the_family_itself_is_refused_and_says_how():
    with pytest.raises(TypeError, match=r"annotate it Annotated\[StatusCode, CommonStatuses\]"):
        pydantic.TypeAdapter(CommonStatuses)


def test_openapi_has_the_enum():
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()

    @app.get("/users")
    def users(status: Annotated[StatusCode, CommonStatuses]) -> User:
        return User(status=status)

    told = app.openapi()
    assert told["paths"]["/users"]["get"]["parameters"][0]["schema"]["enum"] == COMMON
    assert told["components"]["schemas"]["User"]["properties"]["status"]["enum"] == COMMON
