"""A policy small enough to compute by hand, with everything a round needs."""

from pathlib import Path

POLICY = Path(__file__).with_name("small_policy.yaml").read_text(encoding="utf-8")
