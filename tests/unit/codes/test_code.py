import copy
import json
import os
import pickle
import sqlite3
import subprocess
import sys

import pytest

from perdure.codes.category import Category
from perdure.codes.code import StatusCode
from perdure.errors import FrozenDefinition, InvalidCode

ON_LEAVE = StatusCode("409_ON_LEAVE", "Away, and coming back")


def test_a_code_knows_its_parts():
    assert (ON_LEAVE.number, ON_LEAVE.name, ON_LEAVE.category) == (409, "ON_LEAVE", Category.INACTIVE)
    assert ON_LEAVE.description == "Away, and coming back"
    assert StatusCode("000_UNKNOWN").number == 0
    assert StatusCode("000_UNKNOWN").description == ""


def test_a_code_is_its_string():
    assert ON_LEAVE == "409_ON_LEAVE"
    assert hash(ON_LEAVE) == hash("409_ON_LEAVE")
    assert {ON_LEAVE: 1}["409_ON_LEAVE"] == 1
    assert type(str(ON_LEAVE)) is str
    assert f"{ON_LEAVE}" == "409_ON_LEAVE"
    assert repr(ON_LEAVE) == "StatusCode('409_ON_LEAVE')"


def test_equality_does_not_look_at_the_description():
    assert StatusCode("409_ON_LEAVE", "Something else") == ON_LEAVE


def test_a_code_made_of_a_code_keeps_its_description():
    assert StatusCode(ON_LEAVE).description == "Away, and coming back"
    assert StatusCode(ON_LEAVE) is ON_LEAVE
    assert StatusCode(ON_LEAVE, "Holiday").description == "Holiday"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "409",
        "409_",
        "409_on_leave",
        "609_X",
        "40_X",
        "4090_X",
        "409_1X",
        "409__X",
        "409_X ",
        "409_X\n",
        "409_É",
        "409-X",
        "4\u06609_X",
    ],
)
def test_the_shape_is_checked(text):
    with pytest.raises(InvalidCode) as caught:
        StatusCode(text)
    assert caught.value.given == text
    assert isinstance(caught.value, ValueError)


def test_a_code_is_as_long_as_a_column_holds():
    assert len(StatusCode("409_" + "A" * 60)) == 64
    with pytest.raises(InvalidCode, match="64 characters"):
        StatusCode("409_" + "A" * 61)


@pytest.mark.parametrize("attribute", ["description", "number", "name", "category", "new"])
def test_a_code_never_changes(attribute):
    with pytest.raises(FrozenDefinition):
        setattr(ON_LEAVE, attribute, "x")
    with pytest.raises(FrozenDefinition):
        delattr(ON_LEAVE, attribute)


def test_json_writes_the_string():
    assert json.dumps({"status": ON_LEAVE}) == '{"status": "409_ON_LEAVE"}'
    assert json.loads(json.dumps([ON_LEAVE])) == [ON_LEAVE]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_code_survives_pickling(protocol):
    back = pickle.loads(pickle.dumps(ON_LEAVE, protocol))
    assert (type(back), back, back.description) == (StatusCode, ON_LEAVE, ON_LEAVE.description)


def test_copies_are_the_code_itself():
    assert copy.copy(ON_LEAVE) is ON_LEAVE
    assert copy.deepcopy({"a": [ON_LEAVE]})["a"][0] is ON_LEAVE


def test_a_code_unpickles_where_the_plugin_that_defined_it_is_gone(tmp_path):
    (tmp_path / "gone_plugin.py").write_text(
        "from perdure.codes.code import StatusCode\n"
        "from perdure.codes.statuses import CommonStatuses\n"
        "class GoneStatuses(CommonStatuses, name='gone'):\n"
        "    ON_LEAVE = StatusCode('409_ON_LEAVE', 'Away, and coming back')\n"
    )

    def run(code, path):
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=True).stdout

    path = os.pathsep.join(each for each in sys.path if each)
    pickled = run(
        "import pickle, sys; from gone_plugin import GoneStatuses; sys.stdout.buffer.write(pickle.dumps(GoneStatuses.ON_LEAVE))",
        os.pathsep.join([str(tmp_path), path]),
    )
    told = run(
        f"import pickle; code = pickle.loads({pickled!r}); print(code, code.number, code.category.name, code.description)", path
    )
    assert told.decode().split(maxsplit=3) == [
        "409_ON_LEAVE",
        "409",
        "INACTIVE",
        "Away, and coming back\n".replace("\n", os.linesep),
    ]


def test_a_code_binds_in_a_database_driver():
    connection = sqlite3.connect(":memory:")
    assert connection.execute("select ? = '409_ON_LEAVE'", (ON_LEAVE,)).fetchone() == (1,)
    connection.close()


def test_importing_codes_loads_nothing_heavy():
    code = (
        "import sys, perdure.codes.lifecycles, perdure.codes.statuses, perdure.codes.keys; "
        "print([name for name in ('sqlalchemy', 'pluggy', 'pydantic', 'cattrs', 'pottery') if name in sys.modules])"
    )
    path = os.pathsep.join(each for each in sys.path if each)
    told = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=True)
    assert told.stdout.decode().strip() == "[]"
