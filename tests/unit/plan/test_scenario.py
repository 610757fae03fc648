# SPDX-License-Identifier: GPL-2.0-only
"""Scenario files and the options that replace their fields: every mistake is one clear line."""

from pathlib import Path
from typing import Any

import pytest

from bench.errors import UsageError
from bench.model.cell import VARIANTS, Backing, Batch, Break, Handover, Pages, Ptes
from bench.model.device import DEVICES
from bench.model.limits import BOOTS, MOST_MEMORY, SEED
from bench.model.method import Method
from bench.model.reps import AUTO, Reps
from bench.model.units import GIB, MIB
from bench.paths import SCENARIOS
from bench.plan.scenario import Scenario, load_scenario

GOOD = """
device = ["sim-net-pa"]
method = ["reset-owner", "new-owner"]
mem = ["64M"]
pages = ["thp"]
"""

# (field, bad value, words that say what is allowed)
BAD_VALUES: list[tuple[str, Any, list[str]]] = [
    ("mem", "0", ["'0'", "above zero"]),
    ("mem", "banana", ["'banana'", "as in 64G"]),
    ("mem", "3K", ["3 KiB", "whole number", "2 MiB"]),
    ("mem", "10E", ["too much", "8 TiB"]),
    ("mem", "64G:1G", ["64G:1G", "smaller size first"]),
    ("mem", "", ["as in 64G"]),
    ("device", "floppy", ["'floppy'", *DEVICES]),
    ("method", "magic", ["'magic'", *Method]),
    ("pages", "8k", ["'8k'", *Pages]),
    ("ptes", "tepid", ["'tepid'", *Ptes]),
    ("backing", "tape", ["'tape'", *Backing]),
    ("handover", "carrier-pigeon", ["'carrier-pigeon'", *Handover]),
    ("regions", "0", ["1 to 256", "qemu"]),
    ("regions", "x", ["1 to 256", "qemu"]),
    ("regions", "33", ["64 MiB", "32", "thp"]),
    ("regions", "257", ["'257'", "1 to 256"]),
    ("regions", "-1", ["'-1'", "1 to 256"]),
    ("regions", "1.5", ["'1.5'", "1 to 256"]),
    ("regions", "1,", ["''", "1 to 256"]),
    ("regions", "\u0663", ["'\u0663'", "1 to 256"]),
    ("batch", "maybe", ["'maybe'", *Batch]),
    ("device", "dev/vhost-vdpa-0", ["'dev/vhost-vdpa-0'", "a path as in"]),
    ("threads", "0", ["'0'", "1 to 256"]),
    ("threads", "257", ["'257'", "1 to 256"]),
    ("threads", "1,", ["''", "1 to 256"]),
    ("threads", "-1", ["'-1'", "1 to 256"]),
    ("threads", "\u0663", ["'\u0663'", "1 to 256"]),
    ("executor", "", ["empty"]),
    ("break", "everything", ["'everything'", *Break]),
    ("budget", "0s", ["'0s'", "as in 10m"]),
    ("budget", "10", ["'10'", "as in 10m"]),
    ("budget", "ten", ["'ten'", "as in 10m"]),
    ("budget", "-1m", ["'-1m'", "as in 10m"]),
    ("max_pause", "0ms", ["'0ms'", "100ms", "20Mi"]),
    ("max_pause", "1.2.3ms", ["'1.2.3ms'", "100ms"]),
    *(
        ("reps", value, [f"'{value}'", "from 1 to 200", "with a +", "auto"])
        for value in (
            0,
            201,
            "0",
            "3.5",
            "auto:0",
            "+",
            "0+",
            "201",
            "201+",
            "+5",
            "5-9",
            "",
            "\u0663",
        )
    ),
    ("seed", -1, ["-1", "0 or more"]),
]


def the_error(name: str, /, **overrides: Any) -> str:
    with pytest.raises(UsageError) as caught:
        load_scenario(name, overrides)
    message = caught.value.message
    assert "\n" not in message
    return message


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_scenario_loads(path: Path) -> None:
    scenario = load_scenario(path.stem, {})
    assert scenario.name == path.stem
    assert scenario.question
    assert scenario == load_scenario(str(path), {})


def test_scenarios_are_shipped() -> None:
    assert {path.stem for path in SCENARIOS.glob("*.toml")} >= {"live-update", "smoke"}


def test_a_field_not_given_has_its_default(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD), {})
    assert scenario.name == "own"
    assert (scenario.backing, scenario.values("ptes"), scenario.values("regions")) == (
        Backing.AUTO,
        (Ptes.COLD,),
        ("1",),
    )
    assert scenario.reps == AUTO


def test_options_replace_fields(tmp_path: Path) -> None:
    overrides = {"mem": "1G:4G", "pages": "4k, thp", "regions": "1,2", "reps": 7}
    scenario = load_scenario(write(tmp_path, GOOD), overrides)
    assert scenario.mem == (GIB, 4 * GIB)
    assert scenario.pages == (Pages.SMALL, Pages.THP)
    assert scenario.values("regions") == ("1", "2")
    assert scenario.reps == Reps(7, 7)
    assert scenario.method == (Method.RESET_OWNER, Method.NEW_OWNER)


def test_the_largest_memory_is_allowed() -> None:
    assert load_scenario("smoke", {"mem": "8T"}).mem == (MOST_MEMORY,)


@pytest.mark.parametrize(("field", "value", "words"), BAD_VALUES)
def test_a_bad_value_is_named(field: str, value: Any, words: list[str], tmp_path: Path) -> None:
    """As an option, and in a file."""
    kept = [text for text in GOOD.splitlines() if not text.startswith(field)]
    path = write(tmp_path, "\n".join([*kept, f"{field} = {value!r}", ""]))
    option, file = the_error("smoke", **{field: value}), the_error(path)
    assert option.startswith(f"--{field.replace('_', '-')}: ")
    assert file.startswith(f"{path}:{len(kept) + 1}: {field}: ")
    for message in (option, file):
        assert [word for word in words if word not in message] == []


def test_a_size_in_a_file_is_text(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace('"64M"', "64"))
    line = GOOD.splitlines().index('mem = ["64M"]') + 1
    assert the_error(path) == f"{path}:{line}: mem: write sizes as text, as in ['1G', '64G']"


def test_an_unknown_key_lists_the_known_ones(tmp_path: Path) -> None:
    path = write(tmp_path, f"{GOOD}devise = 1\n")
    message = the_error(path)
    assert message.startswith(f"{path}:{len(GOOD.splitlines()) + 1}: devise: no such key: ")
    assert "did you mean device?" in message
    known = [field.alias or name for name, field in Scenario.model_fields.items()]
    assert [key for key in known if f" {key}" not in message] == []
    assert "broken" not in message  # its key is break


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load_scenario("banana", {})
    assert "'banana'" in caught.value.message
    assert "live-update" in caught.value.hint
    assert "smoke" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "device = [",
        "= 1",
        "mem = 64M\n",
        "a = 1\na = 2\n",
        f"seed = {'9' * 5000}",
        f"mem = {'[' * 5000}",
    ],
    ids=["open list", "no key", "no quotes", "twice", "endless number", "deep"],
)
def test_broken_toml_names_the_file(text: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    assert the_error(path).startswith(f"{path}:")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert the_error(str(path)) == f"{path}:1: not TOML: byte 0xff is not UTF-8"


def test_an_error_of_toml_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "question = 1\nmem =\n")
    assert the_error(path) == f"{path}:2: not TOML: Invalid value, at column 6"


@pytest.mark.parametrize("blank", ["", "\n# what is measured\n"])
def test_an_open_bracket_is_named_where_it_is_opened(blank: str, tmp_path: Path) -> None:
    path = write(tmp_path, f'method = ["reopen"]\n{blank}mem = [\n"1G",\n"4G"\npages = ["thp"]\n')
    begun = 2 + blank.count("\n")
    said = f"{path}:{begun}: not TOML: what begins here is not ended by line {begun + 3}: "
    assert the_error(path) == f"{said}Unclosed array, at column 1"


ALSO = """
[[also]]
mem = "1G"
[[also]]
pages = [
  "thp",
  "%s",
]
%s
"""


@pytest.mark.parametrize(
    ("pages", "more", "line", "key", "words"),
    [
        ("8k", "", 7, "also.pages", "'8k' is unknown: did you mean 4k?"),
        ("4k", "page = 1", 9, "also.page", "did you mean pages? known are mem, pages"),
        ("4k", 'mem = "3K"', 9, "also.mem", "3 KiB is not a whole number of thp pages"),
    ],
)
def test_a_table_beside_the_matrix_has_lines_too(
    pages: str, more: str, line: int, key: str, words: str, tmp_path: Path
) -> None:
    path = write(tmp_path, GOOD + ALSO % (pages, more))
    message = the_error(path)
    assert message.startswith(f"{path}:{len(GOOD.splitlines()) + line}: {key}: ")
    assert words in message


def test_a_file_of_any_name_is_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "question"
    path.write_text(GOOD)
    assert load_scenario(str(path), {}).mem == (64 * MIB,)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert the_error(str(missing)) == f"{missing}: No such file or directory"
    directory = tmp_path / "directory.toml"
    directory.mkdir()
    assert the_error(str(directory)) == f"{directory}: Is a directory"


def test_an_endless_name_is_unknown() -> None:
    assert "aaaa" in the_error("a" * 5000)


def test_whole_pages_are_asked_of_every_combination() -> None:
    message = the_error("smoke", pages="4k,hugetlb-1g", mem="64M")
    assert "64 MiB" in message
    assert "hugetlb-1g" in message


def test_factors_of_the_matrix_are_read(tmp_path: Path) -> None:
    text = 'handover = ["exec", "transfer"]\nregions = [1, "qemu", "7"]\nbatch = "off"\n'
    path = write(tmp_path, f'{GOOD}{text}break = "wrong-address"\nbudget = "1.5h"\n')
    scenario = load_scenario(path, {})
    assert scenario.values("handover") == (Handover.EXEC, Handover.TRANSFER)
    assert scenario.values("regions") == ("1", "qemu", "7")
    assert scenario.values("batch") == (Batch.OFF,)
    assert scenario.broken is Break.WRONG_ADDRESS
    assert scenario.budget == 5400
    assert load_scenario(path, {"budget": "90s", "break": None}).budget == 90


def test_a_count_of_regions_has_one_spelling() -> None:
    """01 regions are 1: two spellings would be two cells."""
    assert load_scenario("smoke", {"regions": "01"}).values("regions") == ("1",)


@pytest.mark.parametrize("mem", ["4K", "1M", "3M", "68M,3M"])
def test_regions_of_qemu_want_a_guest_that_qemu_has(mem: str) -> None:
    message = the_error("smoke", pages="4k", mem=mem, regions="1,qemu")
    assert message.startswith("--regions: ")
    assert "2 MiB" in message


@pytest.mark.parametrize("value", ["0", "-1", "0.0", "nan", "inf", "true"])
def test_a_budget_in_seconds_is_some_time(value: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"{GOOD}budget = {value}\n")
    assert the_error(path).startswith(f"{path}:{len(GOOD.splitlines()) + 1}: budget: ")


# What a field cannot be: of another type, below, above, empty.
NEVER: list[tuple[str, Any]] = [
    *((field, value) for field in ("reps", "boots", "seed") for value in (-1, "x", 1.5, [1], None)),
    *(("boots", value) for value in (0, 101)),
    *((field, 3) for field in ("name", "question", "device", "method", "mem", "pages", "backing")),
    *((field, 3) for field in ("executor", "kernel", "max_pause", "break", "ptes", "batch")),
    *((field, [[1]]) for field in ("device", "method", "mem", "pages", *VARIANTS, "kernel")),
    *((field, []) for field in ("device", "method", "mem", "pages", *VARIANTS)),
    *(("budget", value) for value in (0, -1, [1], True, "1")),
    *(("name", value) for value in ("", "a/b", "a" * 99)),
    ("executor", ""),
]
LIBRARY = ("input", "Input", "should", "valid", "Value error", "Field required", "type=")


@pytest.mark.parametrize(("field", "value"), NEVER)
def test_every_field_is_refused_in_words_of_ours(field: str, value: Any) -> None:
    message = the_error("smoke", **{field: value})
    assert message.startswith(f"--{field.replace('_', '-')}: ")
    assert [word for word in LIBRARY if word in message] == []
    assert len(message) < 400


@pytest.mark.parametrize(("field", "given"), [("boots", 101), ("seed", -1)])
def test_a_number_out_of_range_is_said_with_its_range(field: str, given: int) -> None:
    limits = {"boots": BOOTS, "seed": SEED}[field]
    assert the_error("smoke", **{field: given}) == (
        f"--{field}: {given} is not a whole number {limits}"
    )


def test_a_misspelt_key_is_named_before_what_it_leaves_missing(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('device = ["sim-net-pa"]\nmethod = ["reopen"]\nmem = ["1G"]\npage = ["thp"]\n')
    with pytest.raises(UsageError, match=r"s\.toml:4: page: no such key: did you mean pages\?"):
        load_scenario(str(path), {})


def test_all_wrong_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('device = "sim-net"\nmethods = ["x"]\nmem = ["1G"]\nmax_pase = 1\n')
    with pytest.raises(UsageError) as caught:
        load_scenario(str(path), {"boots": 0})
    assert caught.value.message.startswith(f"{path}:1: device: 'sim-net' is unknown: ")
    lines = caught.value.hint.split("\n")
    assert lines[0].startswith("--boots: 0 is not a whole number")
    assert lines[1].startswith(f"{path}:2: methods: no such key: did you mean method? known are ")
    assert lines[2] == f"{path}:4: max_pase: no such key: did you mean max_pause?"
    assert lines[3] == f"{path}: pages: it is missing"


def test_no_more_wrong_keys_are_named_than_can_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "".join(f'"key{n}\\n" = 1\n' for n in range(50)))
    with pytest.raises(UsageError) as caught:
        load_scenario(path, {})
    lines = caught.value.hint.split("\n")
    assert len(lines) == 5 and lines[-1] == "and 45 more"
    assert lines[0].endswith(r"key1\n: no such key")
