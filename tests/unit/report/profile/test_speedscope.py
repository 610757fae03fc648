# SPDX-License-Identifier: GPL-2.0-only
"""Files for speedscope, held against its file format."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator, ValidationError

from bench.report.profile.portion import portion
from bench.report.profile.speedscope import speedscope
from tests.unit.profiles import HOSTILE, RELEASE, hostile, large, profile

NUMBER, STRING = {"type": "number"}, {"type": "string"}
UNITS = ("none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes")


def record(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def of_type(kind: str, **more: Any) -> dict[str, Any]:
    common = {"name": STRING, "unit": {"enum": UNITS}, "startValue": NUMBER, "endValue": NUMBER}
    return record({"type": {"const": kind}, **common, **more})


# Written after the types of speedscope's src/lib/file-format-spec.ts, of which its own
# https://www.speedscope.app/file-format-schema.json is made.
EVENT = record({"type": {"enum": ["O", "C"]}, "at": NUMBER, "frame": NUMBER})
EVENTED = of_type("evented", events={"type": "array", "items": EVENT})
STACKS = {"type": "array", "items": {"type": "array", "items": NUMBER}}
SAMPLED = of_type("sampled", samples=STACKS, weights={"type": "array", "items": NUMBER})
FRAME = record(
    {"name": STRING, "file": STRING, "line": NUMBER, "col": NUMBER}, "file", "line", "col"
)
SCHEMA = record(
    {
        "$schema": {"const": "https://www.speedscope.app/file-format-schema.json"},
        "shared": record({"frames": {"type": "array", "items": FRAME}}),
        "profiles": {"type": "array", "items": {"anyOf": [EVENTED, SAMPLED]}},
        "name": STRING,
        "activeProfileIndex": NUMBER,
        "exporter": STRING,
    },
    "name",
    "activeProfileIndex",
    "exporter",
)


def read(text: str) -> dict[str, Any]:
    """What the types cannot say too: indices of frames, as many weights, their sum."""
    whole: dict[str, Any] = json.loads(text)
    Draft7Validator(SCHEMA).validate(whole)
    for each in whole["profiles"]:
        frames = {frame for stack in each["samples"] for frame in stack}
        assert frames <= {*range(len(whole["shared"]["frames"]))}
        assert len(each["samples"]) == len(each["weights"])
        assert each["endValue"] - each["startValue"] == sum(each["weights"])
    return whole


def test_a_profile_for_each_span() -> None:
    whole = read(speedscope(portion(profile())))
    assert [each["name"] for each in whole["profiles"]] == ["release", "exec"]
    frames = [frame["name"] for frame in whole["shared"]["frames"]]
    release = whole["profiles"][0]
    found = {
        ";".join(frames[at] for at in stack): weight
        for stack, weight in zip(release["samples"], release["weights"], strict=True)
    }
    assert found == RELEASE and release["unit"] == "none"
    files = {frame["name"]: frame.get("file") for frame in whole["shared"]["frames"]}
    assert files["vhost_vdpa_pa_unmap [vhost_vdpa]"] == "vhost_vdpa"
    assert files["unpin_user_page"] is None


def test_spans_without_counts_are_left_out() -> None:
    whole = read(speedscope(portion(profile({"release": RELEASE, "populate": {}}))))
    assert [each["name"] for each in whole["profiles"]] == ["release"]


def test_hostile_names() -> None:
    made = hostile()
    whole = read(speedscope(portion(made)))
    assert len(whole["shared"]["frames"]) == len(made.functions) > len(HOSTILE)
    assert all(frame["name"].isprintable() for frame in whole["shared"]["frames"])


@pytest.mark.parametrize("symbols", [2000])
def test_many_symbols(symbols: int) -> None:
    taken = portion(large(symbols))
    whole = read(speedscope(taken))
    assert sum(each["endValue"] for each in whole["profiles"]) == taken.total


def test_what_is_no_such_file_is_found() -> None:
    whole = json.loads(speedscope(portion(profile())))
    whole["profiles"][0]["unit"] = "instructions"
    with pytest.raises(ValidationError):
        Draft7Validator(SCHEMA).validate(whole)
