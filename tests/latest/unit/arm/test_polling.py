"""Polling: an operation is sent once, whatever the service answers, and polled as the service asks.

The real clients, inside this process, on the simulated Azure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, SansIOHTTPPolicy

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.calls import call_sdk
from azext_flexcompare.arm.clients import ArmClient, Azure
from azext_flexcompare.arm.polling import MANY_ODD, MAY_NOT_BE_READ, RESULT_REFUSED
from azext_flexcompare.arm.responses import OperationUnreadable
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.planning.adapters import arguments_of, vm_preparer
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, OutcomeUnknown, Poll, Poller, Throttled, Unanswered
from azext_flexcompare.table.entries import Operation, operations
from tests.latest.helpers.az import INSTANCES
from tests.latest.helpers.clouds import Credential
from tests.latest.helpers.worlds import OPERATIONS, changes

DAY = 86400
CAPABLE = {"priority": "Spot", "evictionPolicy": "Deallocate", "hibernationEnabled": True, "maintenanceAllowed": True}
LONG = [one for one in operations() if one.is_long and not one.adapter and not any(o.required for o in one.options)]
each_long_operation = pytest.mark.parametrize("operation", LONG, ids=lambda operation: operation.name)
Send = Callable[..., Poller]


class Spoiler(SansIOHTTPPolicy[Any, Any]):
    """Changes answers on their way to the client in what no rule of the simulator can."""

    def __init__(self) -> None:
        self.spoil: Callable[[Any], object] = lambda _: None

    def on_response(self, request: Any, response: Any) -> None:  # noqa: ARG002  (the SDK passes it)
        self.spoil(response.http_response)


@pytest.fixture
def spoiler() -> Spoiler:
    return Spoiler()


@pytest.fixture
def azure(sim: Simulator, azure: Azure, spoiler: Spoiler) -> Azure:
    """The clients as anybody has them, ready to repeat what fails; operations last hours."""
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": CAPABLE}
    sim.reset(world, seconds=DAY / 24, token_lifetime=9 * DAY)
    arm = ArmClient(
        None,
        "",
        sim.url,
        user_agent_policy=SansIOHTTPPolicy(),
        logging_policy=SansIOHTTPPolicy(),
        authentication_policy=BearerTokenCredentialPolicy(Credential(sim), "s"),
        transport=azure.arm(sim.subscription)._client._pipeline._transport,
        per_retry_policies=[spoiler],
    )
    return azure._replace(arm={sim.subscription: arm}.__getitem__)


@pytest.fixture
def name(sim: Simulator) -> str:
    return sim.names("flex")[0]


@pytest.fixture
def send(sim: Simulator, azure: Azure, name: str) -> Send:
    """Send an operation, `restart` unless another is named, to the first instance of `flex`."""
    scale_set = ScaleSet(sim.subscription, "rg", "flex", sim.scale_sets["flex"])
    target = Instance(sim.vm_id(name), name, scale_set, None, None, None, {}, None, None, "westeurope", None)

    def send(command: str = "restart", **options: Any) -> Poller:
        operation = OPERATIONS[command]
        if operation.adapter:
            (work,) = vm_preparer(operation, {one.dest: None for one in operation.options} | options, azure)([target])
            assert callable(work.call)
            return work.call()
        return call_sdk(azure, target, str(operation.call), arguments_of(operation, options))

    return send


def broken(sim: Simulator, action: str, **fault: Any) -> None:
    sim.add_fault({"action": action, "fault": fault})


@each_long_operation
def test_an_accepted_operation_has_a_url_and_ends_when_the_service_says_so(
    operation: Operation, send: Send, sim: Simulator
) -> None:
    poller = send(operation.name)
    url = poller.acceptance.url
    assert url
    assert url.startswith(f"{sim.url}/subscriptions/")
    assert not poller.poll().done
    sim.advance(DAY)
    assert poller.poll().done


def test_an_operation_that_ended_at_once_has_no_url_to_poll(send: Send, sim: Simulator) -> None:
    broken(sim, "poll", status=500)
    poller = send("simulate-eviction")
    assert (poller.acceptance.url, poller.acceptance.poll.retry_after) == (None, None)
    assert poller.acceptance.poll.done
    assert poller.poll().done


def test_one_poll_is_one_request(send: Send, sim: Simulator) -> None:
    poller = send()
    poller.poll()
    poller.poll()
    assert [request["action"] for request in sim.requests()] == ["restart", "poll", "poll"]


def test_nothing_is_polled_before_the_first_poll(send: Send, sim: Simulator) -> None:
    send()
    assert [request["action"] for request in sim.requests()] == ["restart"]


@pytest.mark.parametrize("status", [400, 403, 404, 408, 409, 500, 502, 503, 504])
def test_a_refused_operation_is_sent_once_and_fails_in_the_words_of_the_service(
    status: int, send: Send, sim: Simulator
) -> None:
    broken(sim, "restart", status=status, code="Why", message="Because.")
    with pytest.raises(Failure) as caught:
        send()
    assert caught.value.error == Error("Why", "Because.")
    assert len(changes(sim)) == 1


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_an_operation_whose_answer_was_lost_is_sent_once_and_unknown(kind: str, send: Send, sim: Simulator) -> None:
    broken(sim, "restart", kind=kind)
    with pytest.raises(Failure) as caught:
        send()
    assert caught.value.error.code == "ConnectionLost"
    assert "not known" in caught.value.error.message
    assert len(changes(sim)) == 1


def test_an_operation_that_could_not_be_sent_says_so(send: Send, sim: Simulator, azure: Azure) -> None:
    azure.compute(sim.subscription)._client._base_url = "https://localhost:1"
    with pytest.raises(Throttled) as caught:
        send()
    assert caught.value.error
    assert caught.value.error.code == "NotSent"
    assert changes(sim) == []


@pytest.mark.parametrize(("seconds", "after"), [(7, 7), (None, None)])
def test_a_throttled_operation_is_sent_once_and_has_its_wait(
    seconds: int | None, after: float | None, send: Send, sim: Simulator
) -> None:
    broken(sim, "restart", status=429, **({"retryAfter": seconds} if seconds else {}))
    with pytest.raises(Throttled) as caught:
        send()
    assert caught.value.after == after
    assert len(changes(sim)) == 1


def test_the_wait_that_the_service_asks_for_is_told_with_each_answer(send: Send, sim: Simulator) -> None:
    sim.configure(retry_after=17)
    poller = send()
    assert poller.acceptance.poll.retry_after == 17
    sim.configure(retry_after=5)
    assert poller.poll().retry_after == 5


def test_no_wait_is_told_where_the_service_asks_for_none(send: Send) -> None:
    assert send().acceptance.poll.retry_after is None


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 503}, {"kind": "malformed"}, {"kind": "drop-before"}, {"kind": "drop-after"}],
    ids=lambda fault: " ".join(map(str, fault.values())),
)
def test_a_poll_without_an_answer_is_repeated(fault: dict[str, Any], send: Send, sim: Simulator) -> None:
    poller = send()
    sim.add_fault({"action": "poll", "times": 1, "fault": fault})
    with pytest.raises(Unanswered):
        poller.poll()
    sim.advance(DAY)
    assert poller.poll().done
    assert [request["action"] for request in sim.requests()] == ["restart", "poll", "poll"]


def empty(answer: Any) -> None:
    answer.internal_response._content = answer._content = b""


def without_its_own_url(answer: Any) -> None:
    answer.headers.pop("Azure-AsyncOperation", None)


def odd(answer: Any) -> None:
    answer.headers["Retry-After"] = "soon"


def test_an_unreadable_poll_is_repeated(send: Send, sim: Simulator, spoiler: Spoiler) -> None:
    poller = send()
    spoiler.spoil = empty
    with pytest.raises(Unanswered):
        poller.poll()
    spoiler.spoil = lambda _: None
    sim.advance(DAY)
    assert poller.poll().done


def test_an_end_without_a_body_has_no_duration(send: Send, sim: Simulator, spoiler: Spoiler) -> None:
    spoiler.spoil = without_its_own_url
    poller = send()
    assert not poller.poll().done
    sim.advance(DAY)
    poll = poller.poll()
    assert (poll.done, poll.took) == (True, None)


def test_a_wait_that_cannot_be_read_is_no_wait(send: Send, spoiler: Spoiler) -> None:
    spoiler.spoil = odd
    poller = send()
    assert poller.acceptance.poll.retry_after is None
    assert poller.poll().retry_after is None


@pytest.mark.parametrize("action", ["restart", "poll"])
def test_what_is_throttled_with_a_wait_that_cannot_be_read_is_throttled(
    action: str, send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    spoiler.spoil = odd
    broken(sim, action, status=429)
    with pytest.raises(Throttled) as caught:
        send().poll()
    assert caught.value.after is None


def test_a_throttled_poll_has_its_wait(send: Send, sim: Simulator) -> None:
    poller = send()
    broken(sim, "poll", status=429, retryAfter=9)
    with pytest.raises(Throttled) as caught:
        poller.poll()
    assert caught.value.after == 9


@each_long_operation
def test_a_failed_operation_fails_in_the_words_of_the_service(operation: Operation, send: Send, sim: Simulator) -> None:
    action = operation.request.rpartition("/")[2] if "/" in operation.request else "delete"
    broken(sim, action, kind="fail", code="AllocationFailed", message="No \n room.")
    poller = send(operation.name)
    sim.advance(DAY)
    with pytest.raises(Failure) as caught:
        poller.poll()
    assert caught.value.error == Error("AllocationFailed", "No room.")


def with_body(body: bytes) -> Callable[[Any], None]:
    def spoil(answer: Any) -> None:
        answer.internal_response._content = answer._content = body

    return spoil


ODD = (
    b"[]",
    b"null",
    b'"Succeeded"',
    b"7",
    b"<html>",
    b"\xff\xfe\x00",
    b"{}",
    b'{"status": 3}',
    b'{"status": null}',
    b"",
)


@pytest.mark.parametrize("body", ODD, ids=repr)
def test_an_odd_answer_to_a_poll_is_neither_an_end_nor_a_failure(
    body: bytes, send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    poller = send()
    spoiler.spoil = with_body(body)
    with pytest.raises(Unanswered):
        poller.poll()
    spoiler.spoil = lambda _: None
    sim.advance(DAY)
    assert poller.poll().done


@pytest.mark.parametrize("status", [302, 304, 400, 409, 412])
def test_an_operation_that_is_answered_oddly_again_and_again_is_left_to_its_instance(
    status: int, send: Send, spoiler: Spoiler
) -> None:
    def spoil(answer: Any) -> None:
        answer.status_code = answer.internal_response.status_code = status

    poller = send()
    spoiler.spoil = spoil
    for _ in range(MANY_ODD):
        with pytest.raises(Unanswered):
            poller.poll()
    with pytest.raises(OperationUnreadable):
        poller.poll()


def test_an_operation_that_may_not_be_read_is_left_to_its_instance(send: Send, sim: Simulator) -> None:
    poller = send()
    broken(sim, "poll", status=403, code="AuthorizationFailed")
    with pytest.raises(OperationUnreadable) as caught:
        poller.poll()
    assert (caught.value.error.code, caught.value.reason) == ("AuthorizationFailed", MAY_NOT_BE_READ)


@pytest.mark.parametrize("time", ['"0001-01-01T00:00:00"', '"2026-01-01T00:00:00"', "[]", "null", "5", '"soon"', "{}"])
def test_a_time_of_any_shape_does_not_end_an_operation_otherwise(
    time: str, send: Send, spoiler: Spoiler, sim: Simulator
) -> None:
    poller = send()
    sim.advance(DAY)
    body = f'{{"status": "Succeeded", "startTime": {time}, "endTime": "2026-01-01T00:00:07Z"}}'
    spoiler.spoil = with_body(body.encode())
    assert poller.poll()._replace(began=None) == Poll(
        done=True, remaining=poller.acceptance.poll.remaining, took=7 if "2026" in time else None
    )


def nowhere(answer: Any) -> None:
    for name in ("Azure-AsyncOperation", "Location"):
        answer.headers.pop(name, None)


def elsewhere(answer: Any) -> None:
    for name in ("Azure-AsyncOperation", "Location"):
        answer.headers[name] = "https://elsewhere.example/operations/1"


@pytest.mark.parametrize("spoil", [nowhere, elsewhere])
def test_an_acceptance_that_leads_nowhere_is_unknown(
    spoil: Callable[[Any], None], send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    spoiler.spoil = spoil
    with pytest.raises(OperationUnreadable):
        send()
    assert len(changes(sim)) == 1


@pytest.mark.parametrize("status", [200, 202, 302, 304, 307])
def test_an_answer_in_html_or_a_redirect_is_no_acceptance(
    status: int, send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    def spoil(answer: Any) -> None:
        nowhere(answer)
        answer.status_code = answer.internal_response.status_code = status
        with_body(b"<html>")(answer)

    spoiler.spoil = spoil
    with pytest.raises(OutcomeUnknown):
        send()
    assert len(changes(sim)) == 1


@pytest.mark.parametrize("fault", [{"status": 401}, {"status": 408}, {"status": 503}, {"kind": "malformed"}], ids=str)
def test_the_result_of_a_command_is_asked_for_until_it_comes(
    fault: dict[str, Any], send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    poller = send("run-command", command_id="RunShellScript", scripts=["echo hello"])
    sim.advance(DAY)
    spoiler.spoil = lambda answer: "monitor" in answer.request.url or with_body(b'{"status": "Succeeded"}')(answer)
    sim.add_fault({"action": "poll", "nth": 2, "fault": fault})
    with pytest.raises(Unanswered, match=r"result|JSON|read"):
        poller.poll()
    poll = poller.poll()
    assert poll.done
    assert isinstance(poll.result, dict)
    assert "hello" in str(poll.result)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_result_that_is_refused_is_not_asked_for_again(
    status: int, send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    ran = send("run-command", command_id="RunShellScript", scripts=["echo hello"])
    sim.advance(DAY)
    managed = send("run-command create", name="check", script="exit 0")
    sim.advance(DAY)
    ended = with_body(b'{"status": "Succeeded"}')
    results = ("monitor", "runCommands/")
    spoiler.spoil = lambda answer: any(part in answer.request.url for part in results) or ended(answer)
    refusal = {"status": status, "code": "Refused"}
    sim.add_fault({"action": "poll", "nth": 2, "fault": refusal})
    sim.add_fault({"action": "run-command", "fault": refusal})
    for poller in (ran, managed):
        with pytest.raises(OutcomeUnknown) as unknown:
            poller.poll()
        assert (unknown.value.error.code, unknown.value.reason) == ("Refused", RESULT_REFUSED)


def test_an_operation_whose_record_is_gone_fails(send: Send, sim: Simulator) -> None:
    broken(sim, "restart", kind="gone")
    poller = send()
    with pytest.raises(Failure) as caught:
        poller.poll()
    assert caught.value.error.code == "NotFound"


def test_options_of_the_method_reach_the_service(send: Send, sim: Simulator) -> None:
    send("stop", skip_shutdown=True)
    assert changes(sim)[0]["query"]["skipshutdown"] == "true"


def test_options_of_the_body_reach_the_service(send: Send, sim: Simulator) -> None:
    send("reimage", temp_disk=True, admin_password="secret")
    assert changes(sim)[0]["body"] == {"tempDisk": True, "osProfile": {"adminPassword": "secret"}}


def test_a_managed_run_command_is_read_once_its_operation_has_ended(send: Send, sim: Simulator) -> None:
    poller = send("run-command create", name="check", script="exit 3")
    acceptance = poller.acceptance
    assert str(acceptance.result_url).endswith("$expand=instanceView")
    assert not poller.poll().done
    sim.advance(DAY)
    poll = poller.poll()
    assert poll.done
    assert isinstance(poll.result, dict)
    assert poll.result["properties"]["instanceView"]["exitCode"] == 3
    assert [one["action"] for one in sim.requests()] == ["run-command-put", "poll", "poll", "run-command"]


def test_a_managed_run_command_without_a_url_of_its_operation_is_polled_itself(
    send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    spoiler.spoil = nowhere
    poller = send("run-command create", name="check", script="exit 3")
    assert not poller.poll().done
    sim.advance(DAY)
    poll = poller.poll()
    assert poll.done
    assert "'exitCode': 3" in str(poll.result)


def test_what_the_operation_repeats_of_a_managed_run_command_is_not_its_result(
    send: Send, sim: Simulator, spoiler: Spoiler
) -> None:
    poller = send("run-command create", name="check", script="exit 3")
    sim.advance(DAY)
    held = b'{"status": "Succeeded", "properties": {"output": {"name": "check", "properties": {}}}}'
    spoiler.spoil = lambda answer: "operations/" not in answer.request.url or with_body(held)(answer)
    assert "'exitCode': 3" in str(poller.poll().result)
