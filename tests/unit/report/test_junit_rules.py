# SPDX-License-Identifier: GPL-2.0-only
"""The rules of JUnit XML see what Jenkins would refuse, and take what pytest writes."""

import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from tests.unit.report.junit_rules import complaints

SUITE = '<testsuite name="a" tests="1" failures="0" errors="0"{more}>{inside}</testsuite>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"<testsuites skipped='1'>{SUITE.format(more='', inside='')}</testsuites>", "skipped"),
        (SUITE.format(more=' time="1e-05"', inside=""), "time 1e-05"),
        (SUITE.format(more=' disabled="0"', inside=""), "disabled"),
        (SUITE.format(more="", inside="<testcase/>"), "testcase: name is missing"),
        (SUITE.format(more="", inside='<testcase name="b" file="c"/>'), "file"),
        (SUITE.format(more="", inside='<testcase name="b"><properties/></testcase>'), "in it"),
        ("<testcase name='a'/>", "no root"),
    ],
)
def test_what_jenkins_refuses(text: str, said: str) -> None:
    assert any(said in line for line in complaints(text))
    assert complaints(SUITE.format(more=' time="1,234.5"', inside="")) == []


def test_what_pytest_writes_is_of_the_same_rules(tmp_path: Path) -> None:
    """pytest names this schema as the one that it writes by."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pytest.skip('x')"
    )
    words = ["-p", "no:cacheprovider", "-q", "--junitxml", "it.xml", "test_it.py"]
    argv = [sys.executable, "-m", "pytest", *words]
    assert subprocess.run(argv, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    assert complaints((tmp_path / "it.xml").read_text()) == []
    assert len(next(iter(JUnitXml.fromfile(str(tmp_path / "it.xml"))))) == 3
