"""Inserting, updating, upserting and deleting records as Salesforce does, a chunk at a time."""

from localorg.dml.change import Change
from localorg.dml.deleting import delete_chunk
from localorg.dml.reading import JsonRecords, Operation, RecordReader, Target
from localorg.dml.saving import CHUNK_SIZE, save_chunk
from localorg.dml.writer import Writer, writing

__all__ = [
    "CHUNK_SIZE",
    "Change",
    "JsonRecords",
    "Operation",
    "RecordReader",
    "Target",
    "Writer",
    "delete_chunk",
    "save_chunk",
    "writing",
]
