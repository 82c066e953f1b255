"""What arguments do the commands take?"""

from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import (
    file_type,
    get_enum_type,
    get_generic_completion_list,
    get_three_state_flag,
    resource_group_name_type,
)

from azext_flexcompare import _completers as completers
from azext_flexcompare._validators import port, resource_name, row_name
from azext_flexcompare.planning.option_values import batch_size, file_name, positive
from azext_flexcompare.planning.run_options import RUN_OPTIONS
from azext_flexcompare.table.comparison import names, sections, supports
from azext_flexcompare.table.entries import Operation, operations

POWER_STATES = ("running", "stopped", "deallocated", "starting", "stopping", "deallocating", "hibernated", "unknown")
PROVISIONING_STATES = ("Succeeded", "Failed", "Creating", "Updating", "Deleting", "Migrating", "Canceled")

KINDS: dict[str, dict[str, Any]] = {
    "flag": {"arg_type": get_three_state_flag()},
    "text": {},
    "name": {"type": resource_name},
    "secret": {},
    "list": {"nargs": "+"},
    "lists": {"nargs": "+", "action": "append"},
}


def load_arguments(loader: Any, _: str) -> None:
    """Describe every argument once, and each operation's own options from the table."""
    with loader.argument_context("vmss-flex") as c:
        _describe_choice(c)
        _describe_run_options(c)
    with loader.argument_context("vmss-flex list-instances") as c:
        c.argument(
            "source",
            arg_type=get_enum_type(["compute", "resource-graph"]),
            help="Where to read from: the compute API, always up to date, or Azure Resource Graph, cheap for many sets "
            "but up to about a minute old and without fault domains where it does not know them.",
        )
    for command in ("get-instance-view", "list-instances"):
        with loader.argument_context(f"vmss-flex {command}") as c:
            c.argument(
                "as_map",
                options_list=["--map"],
                action="store_true",
                help="Print a map as text instead of the list, whatever --output says: zones by fault domains, a "
                "character for each instance, and what the characters mean.",
            )
    with loader.argument_context("vmss-flex extension show") as c:
        c.argument(
            "name", options_list=["--name", "-n"], type=resource_name, help="Name of the extension on the instances."
        )
        c.argument("vmss_name", options_list=["--vmss-name"])  # as in `az vmss extension`
    with loader.argument_context("vmss-flex extension list") as c:
        c.argument("vmss_name", options_list=["--vmss-name"])
    with loader.argument_context("vmss-flex set-orchestration-service-state") as c:
        c.argument("service_name", arg_type=get_enum_type(["AutomaticRepairs"]), help="The service of the scale set.")
        c.argument("action", arg_type=get_enum_type(["Resume", "Suspend"]), help="What becomes of it.")
    with loader.argument_context("vmss-flex report") as c:
        c.argument("job_log", type=file_type, help="The job log of the run.")
        c.argument(
            "file",
            options_list=["--file", "-f"],
            type=file_type,
            help="Where the page goes; a file that is there already is replaced.",
        )
    with loader.argument_context("vmss-flex translate") as c:
        c.argument("file", options_list=["--file", "-f"], help="The shell script; left out or `-`, standard input.")
        c.argument("diff", action="store_true", help="Print a unified diff instead of the script.")
    with loader.argument_context("vmss-flex wait") as c:
        _describe_waiting(c)
    with loader.argument_context("vmss-flex nat-rule") as c:
        _describe_nat_rules(c)
    with loader.argument_context("vmss-flex compare") as c:
        c.argument("section", arg_type=get_enum_type(sections()), help="Only this section of the page.")
        c.argument(
            "operation",
            type=row_name,
            completer=get_generic_completion_list(names()),
            help="Only the rows of this API, or of this command of ours or of `az vmss`, such as restart.",
        )
        c.argument(
            "by",
            arg_type=get_enum_type(["api", "command"]),
            help="What the rows are: the APIs of the page, or the commands of `az vmss`.",
        )
        c.argument("support", arg_type=get_enum_type(supports()), help="Only the rows that stand so.")
    for operation in operations():
        _describe_own(loader, operation)


def _describe_choice(c: Any) -> None:
    group = "Choosing"
    c.argument("resource_group_name", resource_group_name_type, required=False, arg_group=group)
    c.argument(
        "vmss_name",
        options_list=["--name", "-n", "--vmss-name"],
        configured_default="vmss",
        completer=completers.flexible_sets(),
        arg_group=group,
        help="Name of the Flexible scale set. You can configure the default using "
        "`az configure --defaults vmss=<name>`.",
    )
    c.argument(
        "ids",
        nargs="+",
        arg_group=group,
        help="Ids of scale sets and of their instances, of any resource groups and subscriptions, instead of "
        "--resource-group and --name. `@file` and `@-` read them, one a line.",
    )
    c.argument(
        "instance_ids",
        options_list=["--instance-ids", "--instance-id"],
        nargs="+",
        completer=completers.of_instances(completers.names),
        arg_group=group,
        help="Space-separated names of VMs, globs of them, VM ids, or the ids that `az vmss list-instances` prints; "
        "`*` is every instance. `@file` and `@-` read them, one a line.",
    )
    c.argument(
        "zone",
        nargs="+",
        completer=completers.of_instances(completers.zones),
        arg_group=group,
        help="Only instances in these zones.",
    )
    c.argument(
        "fault_domain",
        nargs="+",
        completer=completers.of_instances(completers.fault_domains),
        arg_group=group,
        help="Only instances in these fault domains.",
    )
    c.argument(
        "power_state",
        nargs="+",
        arg_type=get_enum_type(POWER_STATES),
        arg_group=group,
        help="Only instances in these power states.",
    )
    c.argument(
        "tag",
        nargs="+",
        completer=completers.of_instances(completers.tags),
        arg_group=group,
        help="Only instances that have all these tags, each `key` or `key=value`.",
    )
    c.argument(
        "provisioning_state",
        nargs="+",
        arg_type=get_enum_type(PROVISIONING_STATES),
        arg_group=group,
        help="Only instances in these provisioning states.",
    )
    c.argument(
        "priority",
        nargs="+",
        arg_type=get_enum_type(["spot", "regular"]),
        arg_group=group,
        help="Only instances of this priority.",
    )
    c.argument(
        "unhealthy",
        action="store_true",
        arg_group=group,
        help="Only instances whose provisioning failed, and running ones whose VM agent is not Ready or whose "
        "application is not healthy.",
    )
    c.argument(
        "outdated",
        action="store_true",
        arg_group=group,
        help="Only instances that are not on the latest model of the scale set. Costs a request for each instance that "
        "the other filters leave.",
    )
    c.argument(
        "sample",
        type=batch_size,
        arg_group=group,
        help="Only this number or percentage of the instances that the filters leave, at least one, at random.",
    )
    c.argument(
        "exclude",
        nargs="+",
        completer=completers.of_instances(completers.names),
        arg_group=group,
        help="Leave these instances out: names, ids, or globs such as `web_1*`.",
    )


def _describe_run_options(c: Any) -> None:
    for option in RUN_OPTIONS:
        settings = dict(option.argument)
        choices = {"arg_type": get_enum_type(settings.pop("choices"))} if "choices" in settings else {}
        c.argument(option.name, arg_group=option.group, help=option.help, **choices, **settings)


def _describe_waiting(c: Any) -> None:
    group = "Waiting"
    c.argument(
        "job_log",
        type=file_name,
        arg_group=group,
        help="Wait for what the run of this job log has sent; nothing is sent.",
    )
    c.argument("created", action="store_true", arg_group=group, help="Until their provisioningState is Succeeded.")
    c.argument("updated", action="store_true", arg_group=group, help="Until their provisioningState is Succeeded.")
    c.argument("deleted", action="store_true", arg_group=group, help="Until they are gone.")
    c.argument("exists", action="store_true", arg_group=group, help="Until they are there.")
    c.argument("custom", arg_group=group, help="Until this JMESPath query of what `show` prints is true.")
    c.argument(
        "power_state",
        nargs="+",
        arg_type=get_enum_type(POWER_STATES),
        arg_group=group,
        help="Until they are in one of these power states.",
    )
    c.argument("interval", type=positive, arg_group=group, help="Seconds between two questions about an instance.")
    c.argument("timeout", type=positive, arg_group=group, help="Seconds to wait; after that an instance is TimedOut.")


def _describe_engines(c: Any, operation: Operation) -> None:
    supported = " ".join(["vm", *sorted(operation.engines or (), reverse=True)])
    engine = next(option for option in RUN_OPTIONS if option.name == "engine")
    c.argument("engine", help=f"{engine.help} Engines of this command: {supported}.")


def _describe_nat_rules(c: Any) -> None:
    c.argument(
        "lb_name",
        options_list=["--lb-name"],
        help="Name of the load balancer, in the resource group of the scale set, or its id.",
    )
    c.argument("backend_port", type=port, help="The port of the instances to which the rule leads.")
    c.argument(
        "frontend_port_start",
        type=port,
        help="The first frontend port to give, to 65534 at most. Ports that something else on the frontend has are "
        "passed over.",
    )
    c.argument(
        "frontend_ip_name",
        options_list=["--frontend-ip-name", "--frontend-ip"],
        help="Name of the load balancer's frontend; left out, its only one.",
    )
    c.argument("protocol", arg_type=get_enum_type(["Tcp", "Udp", "All"]), help="The protocol that is forwarded.")


def _describe_own(loader: Any, operation: Operation) -> None:
    with loader.argument_context(f"vmss-flex {operation.name}") as c:
        for option in operation.options:
            c.argument(
                option.dest,
                options_list=[option.name, *option.aliases],
                help=option.help,
                required=option.required,
                **({"arg_type": get_enum_type(option.choices)} if option.choices else {}),
                **KINDS[option.type],
            )
        _describe_engines(c, operation)
        if any(option.name == "--name" for option in operation.options):
            c.argument("vmss_name", options_list=["--vmss-name"])  # as in `az vmss extension`
