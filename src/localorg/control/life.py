"""Lead conversion, merges and the recycle bin, which Salesforce's REST APIs have no way for."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from localorg.control.inputs import bad, object_of, read_order, refuse_unknown, value_of
from localorg.control.users_work import records_route, user_named
from localorg.dml import Change, SaveOptions, Writer, writing
from localorg.ids import normalised_id
from localorg.life import Conversion, Merge, convert_leads, merge, save_options, undelete
from localorg.life.converting import MOST_LEADS
from localorg.web import JsonAnswer, org_of

_MOST_IDS = 200
_LEAD = (
    *("leadId", "accountId", "contactId", "convertedStatus", "ownerId", "opportunityName"),
    *("doNotCreateOpportunity", "overwriteLeadSource"),
)


async def _convert(request: Request) -> JsonAnswer:
    order = await read_order(request, ("leads", "user", "allowSave"))
    leads = value_of(order, "leads", list, default=[])
    if not 1 <= len(leads) <= MOST_LEADS:
        raise bad(f"'leads' has to be a list of 1 to {MOST_LEADS} objects; it has {len(leads)}.")
    conversions = [_conversion(lead) for lead in leads]
    allow = value_of(order, "allowSave", bool, default=False)

    def convert(writer: Writer, options: SaveOptions) -> None:
        convert_leads(writer, conversions, options)

    await _write(request, order, convert, allow_duplicates=allow)
    return JsonAnswer({"results": [conversion.as_json() for conversion in conversions]})


def _conversion(lead: Any) -> Conversion:
    if not isinstance(lead, dict):
        raise bad(f"'leads' has to be a list of objects; {lead!r} is none.")
    refuse_unknown(lead, _LEAD, "part of a conversion")
    texts = {name: value_of(lead, name, str) for name in _LEAD[:6]}
    return Conversion(
        change=Change(key=texts["leadId"]),
        converted_status=texts["convertedStatus"],
        account_id=_full_id(lead, "accountId"),
        contact_id=_full_id(lead, "contactId"),
        owner_id=_full_id(lead, "ownerId"),
        opportunity_name=texts["opportunityName"],
        creates_opportunity=not value_of(lead, "doNotCreateOpportunity", bool, default=False),
        overwrites_lead_source=value_of(lead, "overwriteLeadSource", bool, default=False),
    )


def _full_id(body: Mapping[str, Any], name: str) -> str | None:
    text = value_of(body, name, str)
    if text is None:
        return None
    found = normalised_id(text)
    if found is None:
        raise bad(f"{name!r} has to be an id of 15 or 18 characters; it is {text!r}.")
    return found


async def _merge(request: Request) -> JsonAnswer:
    org = org_of(request)
    order = await read_order(request, ("object", "master", "losers", "values", "user"))
    losers = value_of(order, "losers", str, list, default=[])
    losers = [losers] if isinstance(losers, str) else losers
    if not all(isinstance(loser, str) for loser in losers):
        raise bad(f"'losers' has to be a list of ids; it is {losers!r}.")
    asked = Merge(
        object_type=object_of(org.schema, order),
        master_id=value_of(order, "master", str, default=""),
        loser_ids=losers,
        values=value_of(order, "values", dict, default={}),
    )
    master = await _write(request, order, lambda writer, options: merge(writer, asked, options))
    answer = {"id": master.id, "mergedRecordIds": losers if master.succeeded else []}
    return _answer([master], answer | master.as_collection())


async def _undelete(request: Request) -> JsonAnswer:
    order = await read_order(request, ("ids", "user"))
    changes = [Change(key=text) for text in _ids(order)]
    await _write(request, order, lambda writer, _options: undelete(writer, changes))
    results = [{"id": change.key} | change.as_collection() for change in changes]
    return JsonAnswer({"results": results})


async def _empty_recycle_bin(request: Request) -> JsonAnswer:
    order = await read_order(request, ("ids",))
    ids = _ids(order) if "ids" in order else None
    removed = await run_in_threadpool(org_of(request).recycle_bin.empty, ids)
    return JsonAnswer({"removed": removed})


def _ids(order: Mapping[str, Any]) -> list[str]:
    """The ids in an order, of 18 characters; what is no id stays as it is."""
    ids = value_of(order, "ids", list, default=[])
    if not 1 <= len(ids) <= _MOST_IDS or not all(isinstance(text, str) for text in ids):
        raise bad(f"'ids' has to be a list of 1 to {_MOST_IDS} ids; it is {ids!r}.")
    return [normalised_id(text) or text for text in ids]


async def _write(
    request: Request,
    order: Mapping[str, Any],
    step: Callable[[Writer, SaveOptions], Any],
    *,
    allow_duplicates: bool = False,
) -> Any:
    """Let one of the org's users do something in a transaction."""
    org = org_of(request)

    def write() -> Any:
        user_id = user_named(org, value_of(order, "user", str))
        options = save_options(org, user_id, allow_duplicates=allow_duplicates)
        with writing(org.store, org.clock, user_id) as writer:
            return step(writer, options)

    return await run_in_threadpool(write)


def _answer(changes: list[Change], body: Mapping[str, Any]) -> JsonAnswer:
    done = all(change.succeeded for change in changes)
    return JsonAnswer(body, HTTPStatus.OK if done else HTTPStatus.BAD_REQUEST)


routes: list[BaseRoute] = [
    Route("/_localorg/convert", _convert, methods=["POST"]),
    Route("/_localorg/merge", _merge, methods=["POST"]),
    Route("/_localorg/undelete", _undelete, methods=["POST"]),
    Route("/_localorg/empty-recycle-bin", _empty_recycle_bin, methods=["POST"]),
    records_route,
]
