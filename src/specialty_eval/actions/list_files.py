"""The whole lists as the worker has written them: files, which every process serves until one status is another."""

from specialty_eval.store.list_files import Edition, ListFiles

__all__ = ["Edition", "ListFiles"]
