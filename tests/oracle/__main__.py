"""`python -m tests.oracle SEED_FROM SEED_TO`: compares production with the oracle on every seed, prints differences."""

import sys

from .against import difference, unnamed_in_files, unnamed_in_policy


def main(first: int, last: int) -> int:
    failed = 0
    for seed in range(first, last):
        found = [difference(seed), *unnamed_in_policy(seed), *unnamed_in_files(seed)]
        for one in filter(None, found):
            failed += 1
            print(f"seed {seed}: {one}", flush=True)  # noqa: T201 -- a command for people
    print(f"seeds {first} to {last - 1}: {failed} differences")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
