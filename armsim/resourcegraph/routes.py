"""Route of Resource Graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled
from armsim.arm.paging import decode_token, encode_token
from armsim.arm.router import Call, Router
from armsim.identifiers import guid
from armsim.messages import Response
from armsim.resourcegraph.lexer import QueryError
from armsim.resourcegraph.query import Query, parse_query

if TYPE_CHECKING:
    from armsim.resourcegraph.expressions import Row

routes = Router()

_VERSIONS = {"2021-03-01", "2022-10-01"}
_BODY = {"query", "subscriptions", "options"}
_OPTIONS = {"$top", "$skip", "$skipToken", "resultFormat"}
_PAGE = 100
_LARGEST_PAGE = 1000


@routes.route("POST /providers/Microsoft.ResourceGraph/resources", "arg", bucket="ResourceGraph")
def ask(call: Call) -> Response:
    """Return a page of the rows of a query."""
    if call.request.query["api-version"] not in _VERSIONS:
        raise not_modelled(f"api-version {call.request.query['api-version']} of Resource Graph")
    body = _read_body(call)
    options = body.get("options") or {}
    rows = _visible_rows(call, body.get("subscriptions"))
    try:
        query = parse_query(body["query"])
        return _page(call, query, query.run(rows), options)
    except QueryError as error:
        raise _invalid(call, error.code, str(error)) from None


def _read_body(call: Call) -> dict[str, Any]:
    body = call.request.json()
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise _invalid(call, "InvalidQuery", "The request has no query.")
    unknown = sorted((set(body) - _BODY) | (set(body.get("options") or {}) - _OPTIONS))
    if unknown:
        raise not_modelled(f"'{unknown[0]}' of a Resource Graph request")
    if (body.get("options") or {}).get("resultFormat", "objectArray") != "objectArray":
        raise not_modelled("a resultFormat of Resource Graph other than objectArray")
    return body


def _visible_rows(call: Call, subscriptions: list[str] | None) -> list[Row]:
    wanted = {one.lower() for one in subscriptions or [call.cloud.world.subscription]}
    asked = [one for one in call.cloud.subscriptions() if one.world.subscription in wanted]
    return [row for one in asked for row in one.graph.rows(one.now - one.settings.staleness)]


def _page(call: Call, query: Query, rows: list[Row], options: dict[str, Any]) -> Response:
    top = options.get("$top", _PAGE)
    if not 1 <= top <= _LARGEST_PAGE:
        raise _invalid(call, "InvalidQuery", f"$top must be from 1 to {_LARGEST_PAGE}, not {top}.")
    start = options.get("$skip", 0)
    if options.get("$skipToken"):
        start = decode_token(options["$skipToken"])
    shown = rows[start : start + top]
    more = start + len(shown) < len(rows)
    pageable = "id" in query.columns and not query.limited
    body = {
        "totalRecords": len(rows),
        "count": len(shown),
        "data": shown,
        "facets": [],
        "resultTruncated": "true" if more and not pageable else "false",
    }
    return Response(200, body | ({"$skipToken": encode_token(start + top)} if more and pageable else {}))


def _invalid(call: Call, code: str, message: str) -> ArmError:
    first = (
        "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error "
        "before retrying."
    )
    support = (
        f"Please provide below info when asking for support: timestamp = {call.cloud.utc():%Y-%m-%dT%H:%M:%S.%f0Z}, "
        f"correlationId = {guid('correlation')}."
    )
    details = [{"code": "InvalidQuery", "message": first}, {"code": code, "message": message}]
    return ArmError(400, "BadRequest", support, details)
