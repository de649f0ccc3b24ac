"""The batches in which records are made, so that memory stays flat however many there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from localorg.schema import ObjectType
from localorg.seed.chance import Positions, chance, part_of, weighted
from localorg.seed.moments import Stamps, day_texts, moment_texts, put_in_bin, stamps
from localorg.seed.people import Columns, Row
from localorg.store import INTEGRATION_USER_ID, OWNER_IDS, Store

ROWS_PER_BATCH = 10_000
# Nobody reads more of another object's rows than this to make one batch.
_MOST_READ = 20_000
_DELETED_SHARE = 0.01
_MERGED_SHARE = 0.008
_ACTIVE_SHARE = 0.3
_USERS = weighted({INTEGRATION_USER_ID: 1} | dict.fromkeys(OWNER_IDS, 3))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be made, and what all objects of the org have in common."""

    store: Store
    seed: int
    # The last moment at which anything may have happened, in seconds since 1970.
    latest: int
    # People who turn up several times.
    acquainted: Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some rows of one object that are made at once."""

    plan: Plan
    object_type: ObjectType
    rng: Random
    # The numbers of the rows among the `total` of their kind.
    rows: range
    total: int
    ids: list[str]
    stamps: Stamps
    # The rows that nothing special has been done to yet.
    positions: Positions

    @property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.rows)

    def part_of(self, share: float) -> list[int]:
        """The positions of a `share` of the rows that nothing special has been done to yet."""
        return self.positions.take(part_of(self.count, share))


def batches(plan: Plan, object_name: str, total: int, kind: str = "") -> Iterator[Batch]:
    """Batches of `total` records of an object; `kind` tells apart two kinds of one object."""
    object_type = plan.store.schema.object(object_name)
    for first in range(0, total, ROWS_PER_BATCH):
        rows = range(first, min(first + ROWS_PER_BATCH, total))
        rng = chance(plan.seed, object_name, kind, first)
        yield Batch(
            plan=plan,
            object_type=object_type,
            rng=rng,
            rows=rows,
            total=total,
            ids=plan.store.ids.take(object_type.key_prefix, len(rows)),
            stamps=stamps(rng, rows, total, plan.latest),
            positions=Positions(rng, len(rows)),
        )


def put(store: Store, object_name: str, columns: Columns) -> None:
    """Insert columns of equal length."""
    store.load(object_name, tuple(columns), zip(*columns.values(), strict=True))


def read_beside(batch: Batch, statement: str, table_rows: int) -> list[Row]:
    """The rows of another object's table that stand where the batch stands among its own.

    `statement` takes the first and the last rowid; `table_rows` is how many rows the table has.
    """
    first = batch.rows.start * table_rows // batch.total
    last = batch.rows.stop * table_rows // batch.total
    last = min(last, first + _MOST_READ)
    with batch.plan.store.read() as connection:
        return connection.execute(statement, (first + 1, last)).fetchall()


def system_columns(batch: Batch) -> Columns:
    """Id, owner and stamps; the batch's stamps have to be final."""
    rng, count, (created, modified, saved) = batch.rng, batch.count, batch.stamps
    columns: Columns = {
        "Id": batch.ids,
        "OwnerId": rng.choices(OWNER_IDS, k=count),
        "CreatedDate": moment_texts(created),
        "CreatedById": rng.choices(_USERS, k=count),
        "LastModifiedDate": moment_texts(modified),
        "LastModifiedById": rng.choices(_USERS, k=count),
        "SystemModstamp": moment_texts(saved),
    }
    if "lastactivitydate" in batch.object_type.fields:
        active = rng.choices((True, False), cum_weights=(_ACTIVE_SHARE, 1), k=count)
        days = zip(day_texts(modified), active, strict=True)
        columns["LastActivityDate"] = [day if has else None for day, has in days]
    return columns


def retire(batch: Batch, columns: Columns, alike: Sequence[str]) -> list[tuple[int, int]]:
    """Delete some rows and merge others; answers the pairs (loser, winner) of the merges.

    `alike` names the columns in which a loser resembles its winner.
    """
    pairs = list(batch.positions.pairs(part_of(batch.count, _MERGED_SHARE)))
    gone = [*batch.part_of(_DELETED_SHARE), *(loser for loser, _ in pairs)]
    columns["IsDeleted"] = flags(batch.count, gone)
    columns["MasterRecordId"] = masters(batch.ids, pairs)
    for name in alike:
        values = columns[name]
        for loser, winner in pairs:
            values[loser] = values[winner]
    put_in_bin(batch.rng, batch.stamps, gone, batch.plan.latest)
    return pairs


def masters(ids: Sequence[str], pairs: Sequence[tuple[int, int]]) -> list[str | None]:
    """The column MasterRecordId of rows with these ids."""
    values: list[str | None] = [None] * len(ids)
    for loser, winner in pairs:
        values[loser] = ids[winner]
    return values


def flags(count: int, rows: Sequence[int]) -> list[Any]:
    """A boolean column that is true in `rows`."""
    values = [0] * count
    for row in rows:
        values[row] = 1
    return values
