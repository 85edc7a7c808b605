"""Characters that nobody sees, or that show a text as another: refused where they enter, never taken out in silence."""

import re

from .errors import Invalid, Problem

_UNSEEN = "\u00ad\u115f\u1160\u180b-\u180f\u200b-\u200f\u2060-\u2064\u206a-\u206f\u2800\u3164\ufeff\uffa0"
_TURNING = "\u061c\u202a-\u202e\u2066-\u2069"
"""What turns the direction of a text: `\u202egpj.pdf` is shown as fdp.jpg."""
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_IN_NO_TEXT = re.compile(f"[{_CONTROL}{_TURNING}]")
_IN_NO_LINE = re.compile(f"[{_CONTROL}{_TURNING}{_UNSEEN}\t\n\r\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f]")
_SOMETHING = re.compile(rf"[^\s{_UNSEEN}]")
_HIDDEN = re.compile(f"[{_UNSEEN}]")
_IN_NO_NAME = re.compile(r'[/\\:*?"<>|]')
LONGEST_NAME = 200


def is_fit(text: str) -> bool:
    """Whether a text of any lines is what it looks like: no control characters, and not made of unseen ones alone."""
    # Each looks at a character once: a body of a megabyte is read before anybody is known to have sent it.
    says_nothing = _SOMETHING.search(text) is None and _HIDDEN.search(text) is not None
    return _IN_NO_TEXT.search(text) is None and not says_nothing


def is_one_line(text: str) -> bool:
    """Whether a number, a name or a title is one line that is what it looks like."""
    return _IN_NO_LINE.search(text) is None


def file_name(given: str) -> str:
    """What a file is called, as any system can keep it: a name and no path. Invalid for anything else."""
    name = given.strip()
    if not name.strip(".") or len(name) > LONGEST_NAME or not is_one_line(name) or _IN_NO_NAME.search(name):
        raise Invalid(Problem("file-name-wrong", "name", {"value": _IN_NO_LINE.sub("�", given[:LONGEST_NAME])}))
    return name
