"""Files that people open: Word documents from templates and from contents, workbooks. Values in, bytes out.

Knows no rows and no callers: what stands in a paper is the engine's and the actions' to say. Everything here is slow
to load, so it is imported where it is needed.
"""
