"""How is one instance read again, while a run goes on?"""

from __future__ import annotations

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

from azext_flexcompare.failure import error_of, one_line
from azext_flexcompare.flight import Failure, Throttled, Unanswered
from azext_flexcompare.members import instance_of
from azext_flexcompare.selection import Instance
from azext_flexcompare.sending import CLIENT_ERROR, ONCE, PASSING, SERVER_ERROR, TOO_MANY, Azure, seconds_asked


def read_again(azure: Azure, instance: Instance) -> Instance | None:
    """Read an instance with its instance view; None where it is no longer there.

    Raises Throttled or Unanswered where it may be asked again, Failure where it may not be read.
    """
    machines = azure.compute(instance.subscription).virtual_machines
    try:
        found = machines.get(instance.resource_group, instance.name, expand="instanceView", **ONCE)
        return instance_of(found, instance.scale_set)
    except ResourceNotFoundError:
        return None
    except HttpResponseError as error:
        if error.status_code == TOO_MANY:
            raise Throttled(seconds_asked(error.response.headers if error.response else {})) from error
        status = error.status_code or 0
        if status in PASSING or not CLIENT_ERROR <= status < SERVER_ERROR:
            raise Unanswered(": ".join(error_of(error))) from error
        raise Failure(error_of(error)) from error
    except AzureError as error:
        raise Unanswered(one_line(error)) from error
