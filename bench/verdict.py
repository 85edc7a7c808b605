"""What every topic ends with: each goal with what was reached and whether it is met, the machine, and both as JSON."""

import json
import os
import platform
import time
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(os.environ.get("BENCH_HOME", Path(__file__).resolve().parents[1] / "var" / "bench"))


class Goal(NamedTuple):
    """`asked` begins "at least" or "above" or "at most"; the number in it is `bound`."""

    what: str
    reached: float
    asked: str
    bound: float

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        match self.asked.split()[:2]:
            case ["at", "most"]:
                return self.reached <= self.bound
            case ["at", "least"]:
                return self.reached >= self.bound
            case _:
                return self.reached > self.bound


def at_most(what: str, reached: float, bound: float) -> Goal:
    """A limit."""
    return Goal(what, reached, f"at most {bound:g}", bound)


def at_least(what: str, reached: float, bound: float) -> Goal:
    """A goal that may be passed."""
    return Goal(what, reached, f"at least {bound:g}", bound)


def above(what: str, reached: float, bound: float) -> Goal:
    """A peer to be ahead of."""
    return Goal(what, reached, f"above {bound:g}", bound)


def machine() -> dict[str, Any]:
    """What this runs on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {"processor": model, "cores": os.cpu_count(), "python": platform.python_version(),
            "load": os.getloadavg(), "at": time.strftime("%FT%TZ", time.gmtime())}  # fmt: skip


def told(topic: str, on: dict[str, Any], goals: list[Goal], figures: object) -> None:
    """The goals and the machine under the topic's tables; everything in var/bench/TOPIC.json."""
    if goals:
        print("\n| goal | reached | asked | |\n|---|--:|---|---|")
    for goal in goals:
        print(f"| {goal.what} | {goal.reached:,.2f} | {goal.asked} | {'met' if goal.met else '**not met**'} |")
    print(
        f"\n{on['at'][:10]}: {on['processor']}, {on['cores']} cores, load {on['load'][0]:.1f} at the start, "
        f"Python {on['python']}."
    )
    HOME.mkdir(parents=True, exist_ok=True)
    said = {"machine": on, "goals": [{**goal._asdict(), "met": goal.met} for goal in goals], "figures": figures}
    (HOME / f"{topic}.json").write_text(json.dumps(said, indent=1, ensure_ascii=False), encoding="utf-8")
