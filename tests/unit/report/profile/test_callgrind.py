# SPDX-License-Identifier: GPL-2.0-only
"""Files for KCachegrind, read by callgrind_annotate itself."""

import re
import subprocess
from pathlib import Path

import pytest

from bench.profile.profile import Profile
from bench.report.profile.callgrind import callgrind, event
from bench.report.profile.portion import portion
from tests.unit.profiles import EXEC, RELEASE, hostile, large, profile

ROW = re.compile(r"^ *([\d,]+) \( ?[\d.]+%\)(?: +[\d,]+ \( ?[\d.]+%\)| +0)*  +(.*)$")
KINDS = ("instructions", "calls", "atomics")


def annotated(path: Path, made: Profile, *options: str, spans: tuple[str, ...] = ()) -> str:
    """What the program prints of a profile; it warns of nothing."""
    path.write_text(callgrind(made, spans or made.phases) + "\n")
    words = ["callgrind_annotate", "--threshold=100", *options, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def functions(text: str) -> dict[str, int]:
    """The first event of each function in its table, and of all."""
    rows = (ROW.match(line) for line in text.splitlines())
    return {row[2]: int(row[1].replace(",", "")) for row in rows if row}


def test_own_costs_add_up_to_the_total(tmp_path: Path) -> None:
    found = functions(annotated(tmp_path / "out", profile()))
    total = found.pop("PROGRAM TOTALS")
    assert total == sum(found.values()) == sum(RELEASE.values()) + sum(EXEC.values())
    assert found["???:unpin_user_page [kernel]"] == 2000
    assert found["???:vhost_vdpa_pa_unmap [vhost_vdpa] [vhost_vdpa]"] == 700
    assert found["???:main [bench-helper] [bench-helper]"] == EXEC["main [bench-helper]"]


def test_costs_with_callees(tmp_path: Path) -> None:
    """Of every function, as the profile has them; a span has all that it called."""
    made = profile()
    found = functions(annotated(tmp_path / "out", made, "--inclusive=yes"))
    whole = made.with_callees(made.own(made.phases)).tolist()
    for function, count in zip(made.functions, whole, strict=True):
        assert found[f"???:{function.label} [{function.place or 'kernel'}]"] == count
    assert found["???:release [span of the rep]"] == sum(RELEASE.values())
    assert found["PROGRAM TOTALS"] == sum(RELEASE.values()) + sum(EXEC.values())


def test_callers_and_callees(tmp_path: Path) -> None:
    tree = annotated(tmp_path / "out", profile(), "--inclusive=yes", "--tree=both")
    blocks = [each for each in tree.split("\n\n") if "*  ???:unpin_user_page [kernel]" in each]
    ((above, own, below),) = [block.splitlines() for block in blocks]
    assert "< ???:vhost_vdpa_pa_unmap [vhost_vdpa] (1x)" in above and "3,600" in above
    assert "3,600" in own
    assert ">   ???:gup_put_folio (1x) [kernel]" in below and "1,600" in below


def test_recursion_does_not_count_twice(tmp_path: Path) -> None:
    made = profile({"release": {"a;b;a;a;c": 10, "a;b": 3, "b;a": 5, "a": 2}})
    found = functions(annotated(tmp_path / "out", made, "--inclusive=yes"))
    assert found["???:a [kernel]"] == found["PROGRAM TOTALS"] == 20
    assert found["???:a'2 [kernel]"] == found["???:a'3 [kernel]"] == 10
    assert found["???:b [kernel]"] == 18


def test_other_kinds_are_events_and_calls_are_calls(tmp_path: Path) -> None:
    made = profile({"release": {"a;b": (9, 5, 2), "a": (4, 1, 0), "c;b": (1, 0, 1)}}, kinds=KINDS)
    text = annotated(tmp_path / "out", made, "--tree=both")
    assert re.search(r"Events recorded: +Ir atomics$", text, re.M)
    assert re.search(r"14 \(100.0%\) +3 \(100.0%\) +PROGRAM TOTALS", text)
    assert ">   ???:b (5x) [kernel]" in text
    assert ">   ???:b (1x) [kernel]" in text  # it ran already: the cost is not its caller's
    assert functions(annotated(tmp_path / "out", made))["???:a [kernel]"] == 4
    assert "on how many call paths" not in text
    assert "on how many call paths" in annotated(tmp_path / "out", profile())


def test_names_of_events() -> None:
    assert [event(0, "instructions"), event(1, "loads"), event(2, "a b")] == [
        "Ir",
        "loads",
        "Kind2",
    ]


def test_one_span(tmp_path: Path) -> None:
    text = annotated(tmp_path / "out", profile(), spans=("exec",))
    found = functions(text)
    assert found["PROGRAM TOTALS"] == sum(EXEC.values())
    assert "Spans: exec\n" in text and "???:unpin_user_page [kernel]" not in found


@pytest.mark.parametrize("options", [(), ("--inclusive=yes", "--tree=both")])
def test_hostile_names(options: tuple[str, ...], tmp_path: Path) -> None:
    made = hostile()
    found = functions(annotated(tmp_path / "out", made, *options))
    assert found["PROGRAM TOTALS"] == portion(made).total
    if not options:
        assert sum(found.values()) == 2 * portion(made).total
        assert len(found) == 1 + len(made.functions)


def test_the_program_warns_of_what_is_no_such_file(tmp_path: Path) -> None:
    """A name that ended its line would be a line of its own."""
    path = tmp_path / "out"
    path.write_text(callgrind(profile(), ["exec"]).replace("execve", "exe\ncve"))
    words = ["callgrind_annotate", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "malformed" in done.stderr


@pytest.mark.slow
def test_many_symbols(tmp_path: Path) -> None:
    made = large(20_000)
    found = functions(annotated(tmp_path / "out", made))
    assert found["PROGRAM TOTALS"] == portion(made).total
