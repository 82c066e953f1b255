"""Calls of `--engine vm`: what each operation sends to which instances.

An operation without an adapter sends its options as they are. An adapter gets the options first, so that invalid ones
are refused before any request, and then the chosen instances. It returns their calls, or why there is nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any
from uuid import uuid4

from azure.cli.core.azclierror import (
    ArgumentUsageError,
    AzureResponseError,
    InvalidArgumentValueError,
    RequiredArgumentMissingError,
)
from knack.log import get_logger

from azext_flexcompare.arm.calls import call_sdk
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.errors import cli_errors
from azext_flexcompare.arm.instance_polling import read_instance
from azext_flexcompare.arm.locks import OURS, delete_lock, protect, put_lock, read_locks
from azext_flexcompare.instances import Instance, ScaleSet, by_set
from azext_flexcompare.planning.managed_commands import command_properties
from azext_flexcompare.planning.option_files import read_setting
from azext_flexcompare.planning.refused_call import settle_refused
from azext_flexcompare.planning.vm_patch import make_edit, make_patch, removes_property
from azext_flexcompare.planning.vm_properties import check_expressions, check_properties
from azext_flexcompare.planning.work import Call, Options, Prepare, Skip, Work
from azext_flexcompare.scheduler.poller import Departed, Poller
from azext_flexcompare.table.entries import Operation


def vm_preparer(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what prepares the calls of an operation: its adapter in the table, or its options as they are."""
    if operation.adapter:
        return ADAPTERS[operation.adapter](operation, options, azure)
    return plain(operation, arguments_of(operation, options), azure)


def each(prepare: Callable[[Instance], Call | Skip]) -> Prepare:
    """Return what prepares one call for each instance."""

    def work(instance: Instance) -> Work:
        call = prepare(instance)
        return Work([instance], call, extension=_extension_of(call))

    return lambda instances: [work(instance) for instance in instances]


def _extension_of(call: Call | Skip) -> str | None:
    """Return the name of the extension or managed run command that a call changes, if it changes one."""
    arguments = call.args[-1] if isinstance(call, partial) and call.args else None
    given = arguments if isinstance(arguments, dict) else {}
    name: str | None = given.get("vm_extension_name") or given.get("run_command_name")
    return name


def plain(operation: Operation, arguments: Options, azure: Azure) -> Prepare:
    """Return what prepares a call with the same arguments for every instance."""
    call = operation.call or ""  # a test checks that an operation without an adapter has a call
    returns = operation.returns is not None
    return each(lambda instance: partial(call_sdk, azure, instance, call, arguments, returns=returns))


def arguments_of(operation: Operation, options: Options) -> Options:
    """Return the options that were given as arguments of the SDK's method, nested by the paths in the table."""
    arguments: Options = {}
    for option in operation.options:
        value = options.get(option.dest)
        if option.argument and value is not None and value is not False:
            *path, last = option.argument.split(".")
            place = arguments
            for step in path:
                place = place.setdefault(step, {})
            place[last] = value
    return arguments


def run_command(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what sends a script; a parameter without a name is numbered, as by `az vm run-command invoke`."""
    pairs = [(name, value) if equals else ("", name) for name, equals, value in _split(options["parameters"])]
    parameters = [{"name": name or f"arg{number}", "value": value} for number, (name, value) in enumerate(pairs, 1)]
    body = {"commandId": options["command_id"], "script": options["scripts"] or None, "parameters": parameters or None}
    return plain(operation, {"parameters": {key: value for key, value in body.items() if value}}, azure)


def run_command_create(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what creates a managed run command in the region of each instance, or replaces it."""
    body, tags = command_properties(options), dict(pair[::2] for pair in _split(options["tags"]))

    @cache  # one request for all instances of a region
    def arguments(location: str) -> Options:
        resource = {"location": location, "properties": body, **({"tags": tags} if tags else {})}
        return {"run_command_name": options["name"], "run_command": resource}

    def prepare(instance: Instance) -> Call:
        call, given = operation.call or "", arguments(instance.location)
        return partial(call_sdk, azure, instance, call, given, returns=True, view=True)

    return each(prepare)


def extension_set(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what adds an extension, or changes the one of the same publisher and type, whatever its name."""
    body = _extension_body(options)
    kind = f"{options['publisher']}.{options['name']}".lower()
    suggested = options["extension_instance_name"] or options["name"]
    publisher, name = options["publisher"], options["name"]
    newest = cache(
        lambda subscription, location: _newest_version(azure.compute(subscription), location, publisher, name)
    )

    def prepare(instance: Instance) -> Call:
        existing = [one.name for one in _extensions(instance) if (one.type or "").lower() == kind]
        version = options["version"] or newest(instance.subscription, instance.location)
        arguments = {
            "vm_extension_name": suggested if suggested in existing or not existing else existing[0],
            "extension_parameters": {
                "location": instance.location,
                "properties": {
                    "publisher": options["publisher"],
                    "type": options["name"],
                    "typeHandlerVersion": ".".join(version.split(".")[:2]),
                    "autoUpgradeMinorVersion": not options["no_auto_upgrade_minor_version"],
                    **body,
                },
            },
        }
        return partial(call_sdk, azure, instance, operation.call or "", arguments)

    return each(prepare)


def extension_update(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what changes the given properties of an extension and no others."""
    given = {
        "typeHandlerVersion": options["version"],
        "autoUpgradeMinorVersion": False if options["no_auto_upgrade_minor_version"] else None,
        **_extension_body(options),
    }
    changes = {key: value for key, value in given.items() if value is not None}
    if not changes:
        raise RequiredArgumentMissingError(
            "extension update has nothing to change.", recommendation="Specify --settings, --version or --force-update."
        )
    arguments = {"vm_extension_name": options["name"], "extension_parameters": {"properties": changes}}
    return plain(operation, arguments, azure)


def protection_set(_: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what locks instances, or sets the protection that the scale set has of its own."""
    native = native_protection(options)
    if bool(options["level"]) is bool(native):
        raise ArgumentUsageError(
            "protection set takes either --level, or --protect-from-scale-in and --protect-from-scale-set-actions.",
            recommendation="Specify --level CanNotDelete for a lock; the others are the protection of the scale set.",
        )
    if native:
        return protect_each(azure, native)
    name = options["lock_name"] or OURS
    return each(lambda instance: partial(put_lock, azure, instance, name, options["level"], options["notes"]))


def native_protection(options: Options) -> dict[str, bool]:
    """Return what was given of the protection that the scale set has of its own."""
    given = {
        "protectFromScaleIn": options["protect_from_scale_in"],
        "protectFromScaleSetActions": options["protect_from_scale_set_actions"],
    }
    return {key: value for key, value in given.items() if value is not None}


def protect_each(azure: Azure, native: dict[str, bool]) -> Prepare:
    """Return what sets the protection that the scale set has of its own."""
    if native == {"protectFromScaleIn": False, "protectFromScaleSetActions": True}:
        raise ArgumentUsageError(
            "Protection from scale set actions includes protection from scale-in.",
            recommendation="Omit --protect-from-scale-in.",
        )
    get_logger(__name__).warning("This may also mark the instances as not on the latest model (Azure/azure-cli#30708).")
    return each(lambda instance: partial(protect, azure, instance, native))


def protection_remove(_: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what removes a lock from the instances that have it, by default the lock of `protection set`."""
    name = options["lock_name"] or OURS
    read = cache(partial(read_locks, azure))

    def prepare(instance: Instance) -> Call | Skip:
        try:
            own = [lock for lock in read(instance.subscription) if lock.is_on(instance.id) and lock.is_named(name)]
        except AzureResponseError:  # a role may delete locks and not list them
            return partial(delete_lock, azure, instance, name)
        return partial(delete_lock, azure, instance, own[0].name) if own else Skip(f"It has no lock named {name}.")

    return each(prepare)


def update(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what sends each instance its changes as a PATCH, or the whole VM by PUT if a property is removed."""
    native = native_protection(options)
    if native:
        if any(options[name] for name in ("tags", "size", "set", "add", "remove")):
            raise ArgumentUsageError(
                "--protect-from-scale-in and --protect-from-scale-set-actions cannot be combined with other changes.",
                recommendation="Use two commands: the protection is a call of the scale set, the rest one of the VM.",
            )
        return protect_each(azure, native)
    edit = make_edit(options)
    check_expressions(options)

    def prepare(instance: Instance) -> Call | Skip:
        before = instance.resource.serialize()
        if edit(before) == before:
            return Skip("It is so already.")
        check_properties(type(instance.resource.model), make_patch(before, edit(before)))
        return partial(send, instance)

    def send(instance: Instance) -> Poller:
        # What another client changed since the list must stay.
        found = instance if instance.resource.etag else _read_again(azure, instance)
        before = found.resource.serialize()
        after = edit(before)
        arguments: Options = {"if_match": found.resource.etag} if found.resource.etag else {}
        if removes_property(before, after):
            whole = {"parameters": after, **arguments}
            return call_sdk(azure, instance, "virtual_machines.begin_create_or_update", whole)
        return call_sdk(azure, instance, operation.call or "", {"parameters": make_patch(before, after), **arguments})

    return each(prepare)


def _read_again(azure: Azure, instance: Instance) -> Instance:
    """Return an instance as it is now; raises Departed where it is not there."""
    reading = read_instance(azure, instance)
    if reading.instance is None:
        raise Departed(reading.absence)
    return reading.instance


def update_instances(operation: Operation, _: Options, azure: Azure) -> Prepare:
    """Return what names the chosen instances of each scale set in one call."""
    settle = partial(settle_refused, operation, azure)

    def prepare(instances: list[Instance]) -> list[Work]:
        return [
            Work(group, partial(update_set, scale_set, group), settle, prepare=prepare)
            for scale_set, group in by_set(instances).items()
        ]

    def update_set(scale_set: ScaleSet, group: list[Instance]) -> Poller:
        ids = {"vm_instance_i_ds": {"instanceIds": [instance.name for instance in group]}}
        return call_sdk(azure, scale_set, operation.call or "", ids)

    return prepare


def _extension_body(options: Options) -> Options:
    body = {
        "settings": _json("--settings", options["settings"]),
        "protectedSettings": _json("--protected-settings", options["protected_settings"]),
        "enableAutomaticUpgrade": options["enable_auto_upgrade"],
        "forceUpdateTag": str(uuid4()) if options["force_update"] else None,
        "provisionAfterExtensions": options.get("provision_after_extensions"),
    }
    return {key: value for key, value in body.items() if value is not None}


def _extensions(instance: Instance) -> list[Any]:
    view = instance.resource.instance_view
    return list(view.extensions or ()) if view else []


def _newest_version(compute: Any, location: str, publisher: str, kind: str) -> str:
    with cli_errors(f"looking up versions of {publisher}.{kind}"):
        images = compute.virtual_machine_extension_images.list_versions(location, publisher, kind)
        versions: list[str] = [image.name for image in images]
    return max(versions, key=lambda version: [int(part) for part in version.split(".")])


def _json(option: str, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(read_setting(text))
    except ValueError as error:
        # Without the text, which may be a secret.
        raise InvalidArgumentValueError(
            f"{option} is not JSON: {error.msg} at line {error.lineno}.",  # type: ignore[attr-defined]
            recommendation="Specify a JSON object, or `@file` with one.",
        ) from None


def _split(pairs: list[str] | None) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in pairs or ()]


ADAPTERS: dict[str, Callable[[Operation, Options, Azure], Prepare]] = {
    "extension_set": extension_set,
    "extension_update": extension_update,
    "protection_remove": protection_remove,
    "protection_set": protection_set,
    "run_command": run_command,
    "run_command_create": run_command_create,
    "update": update,
    "update_instances": update_instances,
}
