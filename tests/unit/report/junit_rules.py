# SPDX-License-Identifier: GPL-2.0-only
"""What Jenkins' xUnit plugin demands of JUnit XML, as its junit-10.xsd says it; pytest's too."""

import re
from xml.etree.ElementTree import Element, fromstring

# Element: attributes that it has to have, those that it may have, and what may stand in it.
SAID = ("type", "message")
RULES = {
    "testsuites": ("", "name time tests failures errors", "testsuite"),
    "testsuite": (
        "name tests failures errors",
        "group time skipped timestamp hostname id package file log url",
        "testsuite properties testcase system-out system-err",
    ),
    "properties": ("", "", "property"),
    "property": ("name value", "", ""),
    "testcase": ("name", "time classname group", "skipped error failure system-out system-err"),
    **dict.fromkeys(("skipped", "error", "failure"), ("", "type message", "")),
    **dict.fromkeys(("system-out", "system-err"), ("", "", "")),
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")  # of a suite: no exponent


def complaints(text: str) -> list[str]:
    """What the schema would refuse in a document."""
    root = fromstring(text)
    found = [] if root.tag in ("testsuites", "testsuite") else [f"{root.tag} is no root"]
    return [*found, *_of(root)]


def _of(element: Element) -> list[str]:
    must, may, inside = (set(words.split()) for words in RULES[element.tag])
    names = set(element.attrib)
    found = [f"{element.tag}: {name} is missing" for name in must - names]
    found += [f"{element.tag}: no such attribute: {name}" for name in names - must - may]
    found += [f"{element.tag}: {child.tag} in it" for child in element if child.tag not in inside]
    if element.tag.startswith("testsuite") and not TIME.fullmatch(element.get("time", "")):
        found.append(f"{element.tag}: time {element.get('time')}")
    return found + [each for child in element if child.tag in RULES for each in _of(child)]
