"""The arguments of the commands."""

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
from azext_flexcompare.planning.option_names import spellings
from azext_flexcompare.planning.option_values import (
    OfferedEngines,
    backend_pool,
    batch_size,
    engine_name,
    file_name,
    positive_duration,
    shard,
)
from azext_flexcompare.planning.run_options import RUN_OPTIONS
from azext_flexcompare.table.comparison import names, sections, supports
from azext_flexcompare.table.entries import Operation, operations

POWER_STATES = ("running", "stopped", "deallocated", "starting", "stopping", "deallocating", "hibernated", "unknown")
PROVISIONING_STATES = ("Succeeded", "Failed", "Creating", "Updating", "Deleting", "Migrating", "Canceled")

VMSS_NAME_ALIASES = {  # names of the option in the command of `az vmss`
    "list-instances": "--virtual-machine-scale-set-name",
    "nic list": "--virtual-machine-scale-set-name",
    "nic list-vm-nics": "--virtual-machine-scale-set-name",
    "perform-maintenance": "--vm-scale-set-name",
    "simulate-eviction": "--vm-scale-set-name",
}
KINDS: dict[str, dict[str, Any]] = {
    "flag": {"arg_type": get_three_state_flag()},
    "text": {},
    "name": {"type": resource_name},
    "secret": {},
    "secrets": {"nargs": "+"},
    "list": {"nargs": "+"},
    "lists": {"nargs": "+", "action": "append"},
}


OF_LISTS = (
    "Source of the list: the compute API, which is current, or Azure Resource Graph, which takes fewer requests for "
    "many scale sets, but is up to about a minute old and may lack fault domains."
)
OF_NETWORK = (
    "Source of the lists: the APIs of compute and network, which are current, or Azure Resource Graph, which takes one "
    "query for each thousand resources of a kind, but is up to about a minute old."
)
OF_ADDRESSES = ("list-instance-connection-info", "list-instance-public-ips", "nic", "ssh-config")
ENGINES = {  # how each sends requests
    "vm": "one for each VM (vm)",
    "set": "one for each scale set (set)",
    "bulk": "Azure's bulk operations, up to 100 VMs in a request (bulk)",
}
OWN = "Command"  # heading of the options of one command; the CLI sorts headings by name


def load_arguments(loader: Any, _: str) -> None:
    """Register every argument once, and the options of each operation from the table."""
    with loader.argument_context("vmss-flex") as c:
        _describe_choice(c)
        _describe_run_options(c)
    for command in ("list-instances", *OF_ADDRESSES):
        with loader.argument_context(f"vmss-flex {command}") as c:
            c.argument(
                "source",
                arg_group=OWN,
                arg_type=get_enum_type(["compute", "resource-graph"]),
                help=OF_LISTS if command == "list-instances" else OF_NETWORK,
            )
    for command in ("get-instance-view", "list-instances"):
        with loader.argument_context(f"vmss-flex {command}") as c:
            c.argument(
                "as_map",
                arg_group=OWN,
                options_list=["--map"],
                action="store_true",
                help="Print a map as text, whatever --output is: zones by fault domains, a character for each "
                "instance, and a legend.",
            )
    with loader.argument_context("vmss-flex list-instances") as c:
        c.argument(
            "expand",
            arg_type=get_enum_type(["instanceView"]),
            help="Also print the instance view of each instance. It costs no further request.",
        )
        c.argument(
            "details",
            options_list=spellings("--details", "--show-details", "-d"),
            action="store_true",
            help="Also print computer name, private and public addresses, agent, application health, priority, and "
            "whether the instance is on the latest model, which costs a request for each instance.",
        )
    with loader.argument_context("vmss-flex nic show") as c:
        c.argument(
            "name",
            options_list=spellings("--name", "-n", "--network-interface-name"),
            type=resource_name,
            completer=completers.of_instances(completers.nics),
            arg_group=OWN,
            help="Name of the network interface (NIC).",
        )
        c.argument("vmss_name", options_list=spellings("--vmss-name", "--virtual-machine-scale-set-name"))
    for command in ("nic list-vm-nics", "nic show"):
        with loader.argument_context(f"vmss-flex {command}") as c:
            c.argument(
                "instance_ids", options_list=spellings("--instance-ids", "--instance-id", "--virtualmachine-index")
            )
    with loader.argument_context("vmss-flex ssh-config") as c:
        _describe_ssh(c)
    for command, alias in VMSS_NAME_ALIASES.items():
        with loader.argument_context(f"vmss-flex {command}") as c:
            c.argument("vmss_name", options_list=spellings("--name", "-n", "--vmss-name", alias))
    with loader.argument_context("vmss-flex extension show") as c:
        c.argument(
            "name",
            options_list=["--name", "-n"],
            type=resource_name,
            arg_group=OWN,
            help="Name of the extension on the instances.",
        )
        c.argument("vmss_name", options_list=["--vmss-name"])  # as in `az vmss extension`
    with loader.argument_context("vmss-flex extension list") as c:
        c.argument("vmss_name", options_list=["--vmss-name"])
    _describe_run_commands(loader)
    with loader.argument_context("vmss-flex set-orchestration-service-state") as c:
        c.argument(
            "service_name",
            arg_type=get_enum_type(["AutomaticRepairs"]),
            arg_group=OWN,
            help="Name of the service of the scale set.",
        )
        c.argument(
            "action", arg_type=get_enum_type(["Resume", "Suspend"]), arg_group=OWN, help="Action on the service."
        )
        c.argument(
            "timeout", help="Time to wait for the operation, such as 90, 90s, 5m or 1h; the outcome is then TimedOut."
        )
    _describe_jobs(loader)
    _describe_files(loader)
    with loader.argument_context("vmss-flex wait") as c:
        _describe_waiting(c)
    with loader.argument_context("vmss-flex run-command wait") as c:
        _describe_condition(c, "the run command", "s", shown="run-command show --instance-view")
    with loader.argument_context("vmss-flex nat-rule") as c:
        _describe_nat_rules(c)
    for command in ("drain", "undrain"):
        with loader.argument_context(f"vmss-flex {command}") as c:
            _describe_drains(c)
    with loader.argument_context("vmss-flex undrain") as c:
        c.argument(
            "job",
            type=file_name,
            arg_group=OWN,
            help="Run, by the file of its job log, the name of its job or `last`: put the instances back that it left "
            "out of rotation, each with the state that it had before.",
        )
    with loader.argument_context("vmss-flex compare") as c:
        c.argument("section", arg_type=get_enum_type(sections()), help="Only rows of this section of the page.")
        c.argument(
            "operation",
            type=row_name,
            completer=get_generic_completion_list(names()),
            help="Only rows of this API or command (of `az vmss-flex` or `az vmss`), such as restart.",
        )
        c.argument(
            "by",
            arg_type=get_enum_type(["api", "command"]),
            help="Content of the rows: the APIs of the page, or the commands of `az vmss`.",
        )
        c.argument("support", arg_type=get_enum_type(supports()), help="Only rows with this support.")
    for operation in operations():
        _describe_own(loader, operation)


def _describe_files(loader: Any) -> None:
    """Register the arguments of the commands that read and write files."""
    with loader.argument_context("vmss-flex report") as c:
        c.argument(
            "job_log",
            nargs="+",
            type=file_type,
            completer=completers.of_jobs(),
            help="Run to show: the path of its job log, the name of its job or `last`. Space-separated logs of several "
            "runs, such as those of the shares of a fleet, are shown as one run.",
        )
        c.argument(
            "file",
            options_list=["--file", "-f"],
            type=file_type,
            help="Path of the HTML page to write. An existing file is replaced.",
        )
        c.argument(
            "watch",
            action="store_true",
            help="Renew the page while the run is in progress; it reloads itself. Ends with the run.",
        )
    with loader.argument_context("vmss-flex translate") as c:
        c.positional(
            "paths",
            nargs="*",
            help="Space-separated files and folders, of which one list of all calls is printed. Files that git ignores "
            "and binary files are left out.",
        )
        c.argument(
            "file",
            options_list=["--file", "-f"],
            help="Path of one file to print with its calls rewritten, or `-` for standard input. Default: -.",
        )
        c.argument("diff", action="store_true", help="Print a unified diff instead of the file or of the list.")
        c.argument(
            "write", action="store_true", help="Rewrite PATHS in place, after printing the diff to standard error."
        )


def _describe_choice(c: Any) -> None:
    group = "Choosing"
    c.argument("resource_group_name", resource_group_name_type, required=False)
    c.argument(
        "vmss_name",
        options_list=spellings("--name", "-n", "--vmss-name"),
        configured_default="vmss",
        completer=completers.flexible_sets(),
        help="Name of the Flexible scale set. You can configure the default using "
        "`az configure --defaults vmss=<name>`.",
    )
    c.argument(
        "ids",
        nargs="+",
        arg_group=group,
        help="Space-separated resource IDs of scale sets and instances, in any resource groups and subscriptions, "
        "instead of --resource-group and --name. `@file` and `@-` read them from a file and standard input, one "
        "per line.",
    )
    c.argument(
        "all_sets",
        action="store_true",
        arg_group=group,
        help="Choose from every Flexible scale set of the resource group, or with --subscription alone of the "
        "subscription, instead of --name, without Uniform ones. Costs a list of the sets, and one of the VMs of each.",
    )
    c.argument(
        "set_tag",
        nargs="+",
        arg_group=group,
        help="Space-separated tags, each `key` or `key=value`. With --all-sets, only scale sets with all of them.",
    )
    c.argument(
        "instance_ids",
        options_list=spellings("--instance-ids", "--instance-id"),
        nargs="+",
        completer=completers.of_instances(completers.names),
        arg_group=group,
        help="Space-separated names of VMs, globs of them, VM IDs, or the IDs that `az vmss list-instances` prints, or "
        "`*` for all. `@file` and `@-` read them from a file and standard input, one per line. Default: all.",
    )
    c.argument(
        "zone",
        nargs="+",
        completer=completers.of_instances(completers.zones),
        arg_group=group,
        help="Space-separated zones. Only instances in one of them.",
    )
    c.argument(
        "fault_domain",
        nargs="+",
        completer=completers.of_instances(completers.fault_domains),
        arg_group=group,
        help="Space-separated fault domains. Only instances in one of them.",
    )
    c.argument(
        "power_state",
        nargs="+",
        arg_type=get_enum_type(POWER_STATES),
        arg_group=group,
        help="Space-separated power states. Only instances in one of them.",
    )
    c.argument(
        "tag",
        nargs="+",
        completer=completers.of_instances(completers.tags),
        arg_group=group,
        help="Space-separated tags, each `key` or `key=value`. Only instances with all of them.",
    )
    c.argument(
        "provisioning_state",
        nargs="+",
        arg_type=get_enum_type(PROVISIONING_STATES),
        arg_group=group,
        help="Space-separated provisioning states. Only instances in one of them.",
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
        "application is not healthy. Costs no request: the list has it.",
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
        "shard",
        type=shard,
        arg_group=group,
        help="Only one share of the instances that the filters leave, such as 2/4: the second of four. An instance is "
        "in the same share for every command, by its ID: several runs divide a fleet. Taken before --sample.",
    )
    c.argument(
        "exclude",
        nargs="+",
        completer=completers.of_instances(completers.names),
        arg_group=group,
        help="Space-separated names, resource IDs or patterns such as `web_1*` of instances to exclude.",
    )


def _describe_run_options(c: Any) -> None:
    for option in RUN_OPTIONS:
        settings = dict(option.argument)
        choices = {"arg_type": get_enum_type(settings.pop("choices"))} if "choices" in settings else {}
        named = {"completer": completers.of_jobs()} if option.name in ("resume", "retry_failed") else {}
        if option.name == "drain":
            named = {"completer": completers.load_balancers()}
        c.argument(option.name, arg_group=option.group, help=option.help, **choices, **named, **settings)


def _describe_jobs(loader: Any) -> None:
    with loader.argument_context("vmss-flex job show") as c:
        c.positional(
            "job",
            nargs="?",
            default=None,
            completer=completers.of_jobs(),
            help="Name of the job, the beginning of it, `last`, or the file of a job log. Default: last.",
        )
        c.argument("watch", action="store_true", help="Follow the run to its end, and exit with its exit status.")
        c.argument(
            "merge",
            nargs="+",
            type=file_name,
            completer=completers.of_jobs(),
            help="Space-separated jobs or files of job logs to show as one run, such as the shares of a fleet.",
        )
        c.argument(
            "undo",
            action="store_true",
            help="Print the commands that put back the power states that the run changed. They are not run.",
        )
    with loader.argument_context("vmss-flex job delete") as c:
        c.positional(
            "job",
            nargs="+",
            completer=completers.of_jobs(),
            help="Space-separated names of jobs, or the beginnings of them.",
        )
        c.argument("yes", arg_group=None)


def _describe_waiting(c: Any) -> None:
    group = "Condition"
    _describe_condition(c, "the instances")
    c.argument(
        "job_log",
        type=file_name,
        completer=completers.of_jobs(),
        arg_group=group,
        help="Run whose operations to wait for, without sending new ones: the file of its job log, the name of its job "
        "or `last`.",
    )
    c.argument(
        "power_state",
        nargs="+",
        arg_type=get_enum_type(POWER_STATES),
        arg_group=group,
        help="Space-separated power states. Wait until each instance is in one of them.",
    )


def _describe_condition(c: Any, what: str, ending: str = "", shown: str = "show") -> None:
    group = "Condition"
    for argument in ("created", "updated"):
        c.argument(
            argument,
            action="store_true",
            arg_group=group,
            help=f"Wait until {what} {'is' if ending else 'are'} {argument} with provisioningState at Succeeded.",
        )
    c.argument("deleted", action="store_true", arg_group=group, help=f"Wait until {what} no longer exist{ending}.")
    c.argument("exists", action="store_true", arg_group=group, help=f"Wait until {what} exist{ending}.")
    c.argument("custom", arg_group=group, help=f"Wait until this JMESPath query of the output of `{shown}` is true.")
    c.argument(
        "interval",
        type=positive_duration,
        arg_group=group,
        help="Time between two polls of an instance, such as 30 or 1m.",
    )
    c.argument(
        "timeout",
        type=positive_duration,
        arg_group=group,
        help="Time to wait, such as 90, 90s, 5m or 1h; the outcome is then TimedOut.",
    )


def _describe_run_commands(loader: Any) -> None:
    for command in ("run-command list", "run-command show", "run-command wait"):
        with loader.argument_context(f"vmss-flex {command}") as c:
            c.argument("vmss_name", options_list=["--vmss-name"])
    for command in ("run-command show", "run-command wait"):
        with loader.argument_context(f"vmss-flex {command}") as c:
            c.argument(
                "name",
                options_list=spellings("--name", "-n", "--run-command-name"),
                type=resource_name,
                completer=completers.run_commands(),
                arg_group=OWN,
                help="Name of the run command.",
            )
    with loader.argument_context("vmss-flex run-command show") as c:
        c.argument("instance_view", action="store_true", arg_group=OWN, help="Also print how its script ended.")
    with loader.argument_context("vmss-flex run-command list") as c:
        c.argument(
            "expand",
            arg_type=get_enum_type(["instanceView"]),
            arg_group=OWN,
            help="Also print how the script of each ended.",
        )


def _describe_engines(c: Any, operation: Operation) -> None:
    supported = ["vm", *sorted(operation.engines or (), reverse=True)]
    ways = [ENGINES[engine] for engine in supported]
    among = ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])}{',' if len(ways) > 2 else ''} or {ways[-1]}"
    c.argument(
        "engine",
        choices=OfferedEngines(supported),
        type=engine_name,
        completer=get_generic_completion_list(supported),
        help=f"How requests are sent: {among}. Default: vm.",
    )


def _describe_nat_rules(c: Any) -> None:
    c.argument(
        "lb_name",
        options_list=["--lb-name"],
        arg_group=OWN,
        help="Name of the load balancer in the resource group of the scale set, or its resource ID.",
    )
    c.argument("backend_port", type=port, arg_group=OWN, help="Port of the instances that the rule forwards to.")
    c.argument(
        "frontend_port_start",
        type=port,
        arg_group=OWN,
        help="First frontend port to assign, up to 65534. Ports in use on the frontend are skipped.",
    )
    c.argument(
        "frontend_ip_name",
        options_list=spellings("--frontend-ip-name", "--frontend-ip"),
        arg_group=OWN,
        help="Name of the frontend IP configuration of the load balancer. Default: the only one.",
    )
    c.argument("protocol", arg_type=get_enum_type(["Tcp", "Udp", "All"]), arg_group=OWN, help="Protocol to forward.")


def _describe_drains(c: Any) -> None:
    c.argument(
        "load_balancer",
        options_list=spellings("--load-balancer", "--lb"),
        nargs="+",
        type=backend_pool,
        completer=completers.load_balancers(),
        arg_group=OWN,
        help="Space-separated load balancers, each LB or LB/POOL by name or ID, or `auto` for every backend pool of "
        "the instances. Default: auto.",
    )


def _describe_ssh(c: Any) -> None:
    c.argument(
        "file",
        options_list=["--file", "-f"],
        type=file_type,
        arg_group=OWN,
        help="Path of the file to write. An existing file is replaced. Default: standard output, as text whatever "
        "--output is.",
    )
    c.argument(
        "user",
        options_list=spellings("--user", "--local-user"),
        arg_group=OWN,
        help="User to log in as. Default: the VM's own.",
    )
    c.argument("port", type=port, arg_group=OWN, help="Port of the SSH server on the instances.")
    c.argument(
        "prefer_private_ip",
        action="store_true",
        arg_group=OWN,
        help="Use private addresses, and others only where there is none.",
    )


def _names_run_command(operation: Operation, option: str) -> bool:
    return operation.target == "runCommand" and option == "--name"


def _describe_own(loader: Any, operation: Operation) -> None:
    with loader.argument_context(f"vmss-flex {operation.words}") as c:
        for option in operation.options:
            c.argument(
                option.dest,
                options_list=spellings(option.name, *option.aliases),
                help=option.help,
                arg_group=OWN,
                required=option.required,
                **({"arg_type": get_enum_type(option.choices)} if option.choices else {}),
                **KINDS[option.type],
                **({"completer": completers.run_commands()} if _names_run_command(operation, option.name) else {}),
            )
        _describe_engines(c, operation)
        if any(option.name == "--name" for option in operation.options):
            c.argument("vmss_name", options_list=["--vmss-name"])  # as in `az vmss extension`
