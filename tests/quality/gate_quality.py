# SPDX-License-Identifier: GPL-2.0-only
"""How good gates are: false alarms and slowdowns found, four rules on the same trials.

    python -m tests.quality.gate_quality --trials 2000

"Better on both axes together" is meant in two ways, both checked for every simulated machine:

never dominated   no other rule has at most as many false alarms and finds at least as many
                  slowdowns of 5 %, with one of the two strictly better
at their level    for each other rule there is a setting of this gate (threshold, confidence)
                  that has at most its false alarms and finds at least as many slowdowns
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.stats.decision import Rule
from bench.stats.noise import Noise
from tests.quality.rules import OTHERS, Ours, ours
from tests.quality.simulate import MACHINES, Machine, Sides

EFFECTS = (0.0, 0.03, 0.05, 0.10)
OURS = "this gate"
AA_RUNS = 20  # pairs of sessions
LEVEL = "   ours at its level"
THRESHOLDS = (0.001, 0.01, 0.02, 0.03, 0.04, 0.05)


@dataclass(frozen=True)
class Measured:
    """Shares of trials called slower, by rule and effect; and what our gate said in full."""

    machine: Machine
    shares: Mapping[str, Mapping[float, float]]
    ours: Mapping[float, Ours]

    def at_level_of(self, rule: str, effect: float = 0.05) -> tuple[float, float]:
        """Our false alarms and power at the best setting with at most the rule's false alarms.

        Trials with the effect are other trials than those without.
        """
        settings = [self._at_level(limit, rule, effect) for limit in THRESHOLDS]
        return max(settings, key=lambda setting: setting[1])

    def _at_level(self, limit: float, rule: str, effect: float) -> tuple[float, float]:
        quiet, slow = (self.ours[part].evidence(limit) for part in (0.0, effect))
        allowed = round(self.shares[rule][0.0] * len(quiet))
        below = min(float(np.sort(quiet)[allowed]), 1.0)  # at most ``allowed`` lie below
        return float(np.mean(quiet < below)), float(np.mean(slow < below))

    def dominated_by(self, effect: float = 0.05) -> list[str]:
        mine = self.shares[OURS]
        return [
            rule
            for rule in OTHERS
            if (alarms := self.shares[rule][0.0]) <= mine[0.0]
            and (found := self.shares[rule][effect]) >= mine[effect]
            and (alarms, found) != (mine[0.0], mine[effect])
        ]


def noises(rng: np.random.Generator, machine: Machine, trials: int) -> list[Noise] | None:
    """What sessions differ by, a trial each, of its own A/A runs; None where boots took turns."""
    if machine.interleaved:
        return None
    base, new = machine.make(rng, 100 * AA_RUNS, 0.0)
    apart = np.log(np.median(new, axis=(1, 2)) / np.median(base, axis=(1, 2)))
    drawn = rng.choice(apart, (trials, AA_RUNS))
    return [Noise(float(np.sqrt(np.mean(each**2) / 2)), AA_RUNS) for each in drawn]


def measure(
    machine: Machine, trials: int, seed: int, effects: tuple[float, ...] = EFFECTS
) -> Measured:
    rng = np.random.default_rng(seed)
    shares: dict[str, dict[float, float]] = {rule: {} for rule in (*OTHERS, OURS)}
    said: dict[float, Ours] = {}
    for effect in effects:
        sides: Sides = machine.make(rng, trials, effect)
        for name, rule in OTHERS.items():
            shares[name][effect] = float(rule(*sides).mean())
        known = noises(rng, machine, trials)
        said[effect] = ours(sides, Rule(interleaved=machine.interleaved), known)
        shares[OURS][effect] = said[effect].share("regression")
    return Measured(machine, shares, said)


def table(measured: Measured) -> str:
    """Per cent, one line a rule; 75 columns."""
    heads = ["A/A", *(f"+{effect:.0%}" for effect in EFFECTS[1:])]
    lines = [
        measured.machine.name,
        f"  {'slower, % of trials':22}" + "".join(f"{h:>8}" for h in heads) + LEVEL,
    ]
    for rule, shares in measured.shares.items():
        cells = "".join(f"{100 * shares[effect]:8.2f}" for effect in EFFECTS)
        level = ""
        if rule != OURS:
            alarms, found = measured.at_level_of(rule)
            level = f"   {100 * alarms:5.2f} {100 * found:6.1f}"
        lines.append(f"  {rule:22}{cells}{level}")
    for effect, said in measured.ours.items():
        words = ("regression", "inconclusive", "no-change", "improvement")
        lines.append(
            f"  {effect:+4.0%}: "
            + ", ".join(f"{word} {100 * said.share(word):.1f}" for word in words)
        )
    lines.append(f"  dominated by: {', '.join(measured.dominated_by()) or 'none'}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for machine in MACHINES:
        print(table(measure(machine, options.trials, options.seed)), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
