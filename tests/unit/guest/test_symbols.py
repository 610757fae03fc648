# SPDX-License-Identifier: GPL-2.0-only
"""Functions of a guest: from kallsyms as kernels print it, and from a program."""

from pathlib import Path

import pytest

from bench.errors import CannotJudge
from bench.guest.symbols import Text, kernel_text, program_text
from bench.process import run
from bench.profile.profile import Function

KALLSYMS = """\
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81000100 T __pfx_unpin_user_page
ffffffff81000110 T unpin_user_page
ffffffff81000180 t put_page.constprop.0
ffffffff81001000 T __x64_sys_read
ffffffff81001000 T __ia32_sys_read
ffffffff81002000 T __softirqentry_text_end
ffffffff81002000 T __x86_indirect_thunk_rax
ffffffff81003000 T asm_exc_page_fault
ffffffff81003040 T asm_sysvec_apic_timer_interrupt
ffffffff81003080 T irq_entries_start
ffffffff81003100 T __switch_to_asm
ffffffff81003200 T ret_from_fork_asm
ffffffffc0000000 t vhost_vdpa_pa_unmap\t[vhost_vdpa]
ffffffffc0000200 t vhost_vdpa_unlocked_ioctl\t[vhost_vdpa]
ffffffffc0009000 t vhost_iotlb_free\t[vhost_iotlb]
"""


def named(text: Text) -> dict[str, tuple[int, int]]:
    return {s.function.label: (s.begin & 0xFFFFFF, s.end - s.begin) for s in text.symbols}


def test_functions_end_where_the_next_one_begins() -> None:
    found = named(kernel_text(KALLSYMS.splitlines()))
    assert found["startup_64"] == (0, 0x110)  # padding before a function is of the one before
    assert found["unpin_user_page"] == (0x110, 0x70)
    assert found["put_page.constprop.0"] == (0x180, 0xE80)
    assert found["__x86_indirect_thunk_rax"] == (0x2000, 0x1000)


def test_of_several_names_a_plain_and_short_one_is_taken() -> None:
    found = named(kernel_text(KALLSYMS.splitlines()))
    assert "__x64_sys_read" in found and "__ia32_sys_read" not in found
    assert "_text" not in found


def test_the_last_function_of_a_module_does_not_reach_to_the_next_module() -> None:
    found = named(kernel_text(KALLSYMS.splitlines()))
    assert found["vhost_vdpa_pa_unmap [vhost_vdpa]"] == (0, 0x200)
    assert found["vhost_vdpa_unlocked_ioctl [vhost_vdpa]"][1] == 0x1000
    assert found["vhost_iotlb_free [vhost_iotlb]"][1] == 0x1000


def test_the_plugin_is_told_how_functions_are_entered() -> None:
    text = kernel_text(KALLSYMS.splitlines())
    first, *lines = text.lines()
    entries = {
        s.function.name: line.split()[2] for s, line in zip(text.symbols, lines, strict=True)
    }
    assert first == "kernel"
    assert {name: entry for name, entry in entries.items() if entry != "-"} == {
        "asm_exc_page_fault": "f",
        "asm_sysvec_apic_timer_interrupt": "i",
        "irq_entries_start": "v",
        "__switch_to_asm": "s",
        "ret_from_fork_asm": "0",
    }


@pytest.mark.parametrize(
    "lines", [[], ["0000000000000000 T a", "0000000000000000 T b"], ["cat: permission denied"]]
)
def test_a_kernel_that_hides_its_symbols_is_said_to(lines: list[str]) -> None:
    with pytest.raises(CannotJudge, match="shows no symbols") as caught:
        kernel_text(lines)
    assert "kptr_restrict" in caught.value.hint


def test_a_program_has_the_functions_that_were_compiled(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text(
        "static int twice(int x) { return 2 * x; }\nint main(int n) { return twice(n); }\n"
    )
    program = tmp_path / "a"
    run(["gcc", "-O0", "-static", "-no-pie", "-o", str(program), str(source)])
    text = program_text(program)
    names = [symbol.function for symbol in text.symbols]
    assert Function("main", "a") in names and Function("twice", "a") in names
    assert all(
        one.end <= two.begin for one, two in zip(text.symbols, text.symbols[1:], strict=False)
    )
    code = program.read_bytes()
    assert text.offset + text.size <= len(code) and text.begin < 1 << 47


def test_a_program_without_symbols_is_said_to_be_one(tmp_path: Path) -> None:
    source, program = tmp_path / "a.c", tmp_path / "a"
    source.write_text("int main(void) { return 0; }\n")
    run(["gcc", "-static", "-s", "-o", str(program), str(source)])
    with pytest.raises(CannotJudge, match="has no symbols"):
        program_text(program)
