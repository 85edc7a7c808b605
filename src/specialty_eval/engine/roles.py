"""Every role anybody can hold. Where a role reaches is `permissions`' work; what it may do stands in the tables."""

from enum import StrEnum


class Role(StrEnum):
    """A role is held at an organisation, from a day to a day, and reaches no further."""

    SCHOOL_EDITOR = "school_editor"
    SCHOOL_HEAD = "school_head"
    COUNTY_VERIFIER = "county_verifier"
    BUREAU_VERIFIER = "bureau_verifier"
    DEPARTMENT_SUPPLIER = "department_supplier"
    THIRD_PARTY_SUPPLIER = "third_party_supplier"
    EXPERT = "expert"
    SITE_VISITOR = "site_visitor"
    COMMITTEE_MEMBER = "committee_member"
    CHAIR = "chair"
    SECRETARY = "secretary"
    APPEAL_PANEL_MEMBER = "appeal_panel_member"
    BUREAU_APPROVER = "bureau_approver"
    PLANNER = "planner"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    POLICY_EDITOR = "policy_editor"
    INTEGRATION = "integration"
    SYSTEM = "system"
    """The clock: due times, deemed service, what the policy does by itself."""
    PUBLIC = "public"
    """Everybody, signed in or not."""


PUBLISHERS = (Role.SECRETARY, Role.BUREAU_APPROVER)
"""Who may draft and approve a publication list; a policy's `two_people` says which of them the two must be."""


def roles(*held: Role) -> frozenset[Role]:
    """A set of roles, as a table row writes it."""
    return frozenset(held)
