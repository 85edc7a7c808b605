"""Every workflow by its name: what tests walk, what the diagrams and the labels are made from."""

from collections.abc import Mapping
from typing import Any

from .allotment import ALLOTMENT
from .amendment import AMENDMENT
from .application import APPLICATION
from .assignment import ASSIGNMENT
from .cases import APPEAL, CHALLENGE, OBJECTION
from .closing import CLOSING_APPEAL
from .cycle import CYCLE, ROUND
from .designation import DESIGNATION
from .machine import Workflow
from .meeting import ITEM
from .plan import PLAN
from .publicity import PUBLICATION
from .rectification import RECTIFICATION
from .review import WORKFLOW as REVIEW
from .specialty_list import SPECIALTY_LIST
from .standing import STANDING
from .succession import SUCCESSION
from .support import SUPPORT

# Each takes facts of its own kind: only who knows the machine can say which, hence Any here and nowhere else.
MACHINES: Mapping[str, Workflow[Any]] = {
    machine.name: machine
    for machine in (
        CYCLE,
        ROUND,
        REVIEW,
        CHALLENGE,
        ASSIGNMENT,
        ALLOTMENT,
        ITEM,
        PUBLICATION,
        OBJECTION,
        APPEAL,
        STANDING,
        RECTIFICATION,
        PLAN,
        SPECIALTY_LIST,
        CLOSING_APPEAL,
        AMENDMENT,
        SUPPORT,
        DESIGNATION,
        APPLICATION,
        SUCCESSION,
    )
}
