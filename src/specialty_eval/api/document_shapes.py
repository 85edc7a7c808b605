"""What the calls about papers and their templates answer."""

from datetime import datetime

from pydantic import BaseModel

from specialty_eval.engine.documents import DocumentKind


class NamedField(BaseModel):
    """A field that a template may name."""

    name: str
    label: str


class TemplateField(NamedField):
    """A field, and of a list the fields of its rows."""

    rows: list[NamedField]


class TemplateKindAnswer(BaseModel):
    """A kind of papers: its fields, the template in force (0: the shipped one) and how it is numbered this year."""

    kind: DocumentKind
    label: str
    form: str
    last_number: int
    version: int
    newest: int
    fields: list[TemplateField]


class TemplateKinds(BaseModel):
    """Every kind."""

    data: list[TemplateKindAnswer]


class TemplateVersionAnswer(BaseModel):
    """A version of a template; without a hash the going back to the shipped one."""

    kind: DocumentKind
    version: int
    sha256: str | None
    size: int
    note: str
    made_at: datetime
    made_by: int


class TemplateVersions(BaseModel):
    """Every version, in order."""

    data: list[TemplateVersionAnswer]


class AboutAnswer(BaseModel):
    """What a paper is about: a row by its table and number."""

    kind: str
    id: int


class MadeFrom(BaseModel):
    """The template a paper was made from; version 0 is the shipped one."""

    version: int
    sha256: str


class DocumentAnswer(BaseModel):
    """A paper: its number, what it is about, what it was made from, its file's hash, and which paper it replaces."""

    id: int
    kind: DocumentKind
    number: str
    title: str
    jurisdiction: str
    about: AboutAnswer
    round_id: int | None
    review_id: int | None
    template: MadeFrom
    sha256: str
    size: int
    replaces_id: int | None
    made_at: datetime
