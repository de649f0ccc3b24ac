"""The clock and the transactions that wait for it, over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from localorg.clock import stored_datetime
from localorg.control.inputs import OUT_OF_TIME, as_moment, bad, read_order, value_of
from localorg.org import Org
from localorg.transactions import OpenTransaction
from localorg.web import JsonAnswer, org_of

_CLOCK = ("advance_seconds", "set", "freeze", "reset")


async def _show_clock(request: Request) -> JsonAnswer:
    return JsonAnswer(_clock_json(org_of(request)))


async def _move_clock(request: Request) -> JsonAnswer:
    org, order = org_of(request), await read_order(request, _CLOCK)
    if not order:
        raise bad(f"Say how the clock is to move, by one of: {', '.join(_CLOCK)}.")
    await run_in_threadpool(_move, org, order)
    return JsonAnswer(_clock_json(org))


def _move(org: Org, order: dict[str, Any]) -> None:
    """Do what is asked, in the order in which it makes sense together."""
    seconds = value_of(order, "advance_seconds", float)
    moment = value_of(order, "set", str)
    frozen = value_of(order, "freeze", bool)
    parsed = None if moment is None else as_moment("set", moment)
    try:
        if value_of(order, "reset", bool, default=False):
            org.clock.reset()
        if parsed is not None:
            org.clock.set(parsed)
        if seconds is not None:
            org.clock.advance(seconds)
    except OverflowError:
        raise bad(OUT_OF_TIME) from None
    if frozen is not None:
        org.clock.stand_at(org.clock.now(), frozen=frozen)
    org.catch_up()


def _clock_json(org: Org) -> dict[str, Any]:
    state = org.clock.state()
    return {
        "now": stored_datetime(org.clock.now()),
        "ahead_seconds": round(state.ahead.total_seconds(), 3),
        "frozen": state.frozen_at is not None,
    }


async def _show_transactions(request: Request) -> JsonAnswer:
    listed = org_of(request).transactions.listed()
    found = [transaction_json(number, entry) for number, entry in listed.items()]
    return JsonAnswer({"transactions": found})


async def _commit(request: Request) -> Response:
    number = request.path_params["number"]
    if not await run_in_threadpool(org_of(request).transactions.commit, number):
        raise _no_transaction(number)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _roll_back(request: Request) -> Response:
    number = request.path_params["number"]
    if not org_of(request).transactions.roll_back(number):
        raise _no_transaction(number)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _roll_back_all(request: Request) -> Response:
    org_of(request).transactions.roll_back_all()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def transaction_json(number: int, entry: OpenTransaction) -> dict[str, Any]:
    """An open transaction as control endpoints show it."""
    return {"id": number, "began": _text(entry.began), "commits": _text(entry.commits)} | dict(
        entry.about
    )


def _text(moment: datetime) -> str:
    return stored_datetime(moment)


def _no_transaction(number: int) -> Exception:
    return bad(f"No transaction {number} is open. GET /_localorg/transactions lists the open ones.")


routes: list[BaseRoute] = [
    Route("/_localorg/clock", _show_clock, methods=["GET"]),
    Route("/_localorg/clock", _move_clock, methods=["POST"]),
    Route("/_localorg/transactions", _show_transactions, methods=["GET"]),
    Route("/_localorg/transactions", _roll_back_all, methods=["DELETE"]),
    Route("/_localorg/transactions/{number:int}/commit", _commit, methods=["POST"]),
    Route("/_localorg/transactions/{number:int}", _roll_back, methods=["DELETE"]),
]
