"""`/policies/{id}/{version}`: a policy as a page: what is measured, what it is worth, and how a rating follows."""

from fastapi import APIRouter, Request

from specialty_eval.actions import public
from specialty_eval.actions.context import Context

from . import pages
from .pages import Shown
from .policy_words import PolicyWords
from .words import Words


def show(ctx: Context, request: Request) -> Shown:
    """The page of one version; what is pinned never changes."""
    named = (request.path_params[part].replace("\0", "") for part in ("policy_id", "version"))
    policy = public.policy(ctx, *named)
    words = PolicyWords(policy, Words(pages.language(request)))
    return Shown("policy.html", {"policy": policy, "p": words})


router = APIRouter()
pages.add(router, "/policies/{policy_id}/{version}", show)
