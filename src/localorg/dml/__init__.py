"""Inserting, updating, upserting and deleting records as Salesforce does, a chunk at a time."""

from localorg.dml.change import Change, lock_row
from localorg.dml.deleting import delete_chunk
from localorg.dml.options import ACTIVE_RULE, Rules, SaveOptions
from localorg.dml.reading import JsonRecords, Operation, RecordReader, Target
from localorg.dml.saving import CHUNK_SIZE, save_chunk
from localorg.dml.writer import Writer, writing

__all__ = [
    "ACTIVE_RULE",
    "CHUNK_SIZE",
    "Change",
    "JsonRecords",
    "Operation",
    "RecordReader",
    "Rules",
    "SaveOptions",
    "Target",
    "Writer",
    "delete_chunk",
    "lock_row",
    "save_chunk",
    "writing",
]
