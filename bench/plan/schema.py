# SPDX-License-Identifier: GPL-2.0-only
"""Describe scenario files as JSON schema, for editors."""

import json
from typing import Any

from bench.model.cell import FACTORS, VARIANTS
from bench.model.device import DEVICES, PCI_PATTERN
from bench.model.factor import Factor
from bench.model.limits import REPS
from bench.model.reps import AUTO, PATTERN
from bench.plan.scenario import Also, Scenario


def _items(factor: Factor) -> dict[str, Any]:
    """Describe one value of a factor as JSON schema."""
    if factor.values:
        return {"enum": [*factor.values]}
    limits = factor.words.limits
    if not limits:
        return {"type": "string", "minLength": 1}
    count = {"type": "integer", "minimum": limits.least, "maximum": limits.most}
    text = {"type": "string", "pattern": f"^({'|'.join([*factor.words.names, '[1-9][0-9]*'])})$"}
    return {"anyOf": [count, text]} if factor.words.names else count


def json_schema() -> str:
    """Write the JSON schema of scenario files, for editors. The name is that of the file."""
    schema = Scenario.model_json_schema()
    schema["required"].remove("name")
    duration = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?[smh]$"}
    budget = [duration, {"type": "number", "exclusiveMinimum": 0}]
    schema["properties"]["budget"]["anyOf"] = budget
    count = {"type": "integer", "minimum": REPS.least, "maximum": REPS.most}
    text = {"type": "string", "pattern": f"^{PATTERN}$"}
    schema["properties"]["reps"] = {"anyOf": [count, text], "default": str(AUTO), "title": "Reps"}
    pause = "[0-9]+(\\.[0-9]+)? ?(ns|us|ms|s|[kMG]?i)"
    schema["properties"]["max_pause"]["pattern"] = f"^({pause})?$"
    here = {"type": "string", "pattern": f"^(/|{PCI_PATTERN}$)"}
    items = {name: _items(FACTORS[name]) for name in ("mem", "method", "pages", *VARIANTS)}
    items["device"] = {"anyOf": [{"enum": [*DEVICES]}, here]}
    items["kernel"] = {"type": "string"}
    for name, one in items.items():
        field = schema["properties"][name]
        several = {"type": "array", "items": one, "minItems": int(name != "kernel")}
        kept = {key: value for key, value in field.items() if key in ("default", "title")}
        schema["properties"][name] = {"anyOf": [one, several], **kept}
    also = {name: schema["properties"][name]["anyOf"] for name in Also.model_fields}
    table = {"type": "object", "additionalProperties": False}
    table["properties"] = {name: {"anyOf": values} for name, values in also.items()}
    schema["properties"]["also"] = {"type": "array", "items": table, "default": []}
    used = json.dumps(schema["properties"])
    schema["$defs"] = {name: d for name, d in schema["$defs"].items() if f'/{name}"' in used}
    return json.dumps(schema, indent=2) + "\n"
