"""Options of `az vmss` commands that the command of the same name does not have here, and what to use instead."""

from __future__ import annotations

MODEL = "It changes the model of the scale set: use `az vmss update`, then `az vmss-flex update-instances`."
ALL_AT_ONCE = "The list is always complete: use --query, such as `--query [:10]`, for a part of it."
OS_DISK = "It belongs to the call of a Uniform scale set. A reimage replaces the disk of the operating system anyway."
_OF_THE_MODEL = """
    --add-proxy-agent-ext --add-proxy-agent-extension --additional-events --additional-scheduled-events
    --all-instance-down --automatic-repairs-action --automatic-repairs-grace-period --automatic-zone-balancing-behavior
    --automatic-zone-balancing-strategy --balancing-behavior --balancing-strategy --capacity-reservation-group --crg
    --custom-data --disable-capacity-reservation-assignment --disk-controller-type --enable-all-instance-down
    --enable-auto-os-upgrade --enable-automatic-repairs --enable-automatic-zone-balancing --enable-cross-zone-upgrade
    --enable-hibernation --enable-osimage-notification --enable-proxy-agent --enable-reboot --enable-redeploy
    --enable-resilient-creation --enable-resilient-deletion --enable-secure-boot --enable-spot-restore
    --enable-terminate-notification --enable-user-reboot-scheduled-events --enable-user-redeploy-scheduled-events
    --enable-vtpm --enable-zone-balancing --ephemeral-option --ephemeral-os-disk --ephemeral-os-disk-option
    --ephemeral-os-disk-placement --ephemeral-placement --exclude-extensions --exclude-zones --force-deletion
    --imds-access-control-profile-reference-id --imds-mode --imds-profile-id --include-zones --instance-percent-policy
    --ipp --is-overridable --license-type --max-batch-instance-percent --max-instance-percent --max-price --max-surge
    --max-unhealthy-instance-percent --max-unhealthy-upgraded-instance-percent --max-zone-count --no-cap-reservation
    --pause-time-between-batches --ppg --prioritize-unhealthy-instances --processor-mode --proxy-agent-mode
    --regular-priority-count --regular-priority-percentage --scale-in-policy --scheduled-events-api-version
    --se-api-version --security-posture-id --security-posture-reference-exclude-extensions
    --security-posture-reference-id --security-posture-reference-is-overridable --security-type --sku-allocat-strat
    --skuprofile-allocation-strategy --skuprofile-rank --skuprofile-vmsizes --spot-restore-timeout
    --terminate-notification-time --ultra-ssd-enabled --upgrade-policy-mode --user-data --v-cpus-available
    --v-cpus-per-core --value-max-instance-percent-per-zone --wire-local-rules
    --wire-server-access-control-profile-reference-id --wire-server-mode --wire-server-profile-id
    --wire-server-use-local-file-rules --zone-balance --zone-placement-policy --zones -z
"""
FOREIGN: dict[str, dict[str, str]] = {  # by command and option
    "list-instances": {
        "--filter": "Use --power-state, --provisioning-state, --outdated and the other filters, or --query.",
        "--select": "Use --query to choose fields.",
        "--max-items": ALL_AT_ONCE,
        "--next-token": ALL_AT_ONCE,
        "--resiliency-view": "Use `az vmss get-resiliency-view` with the name of an instance.",
    },
    "nic list": dict.fromkeys(("--max-items", "--next-token"), ALL_AT_ONCE),
    "nic list-vm-nics": dict.fromkeys(("--max-items", "--next-token"), ALL_AT_ONCE),
    "nic show": {"--expand": "Use `az network nic show --expand` with the id of the network interface."},
    "reimage": {"--update-os-disk": OS_DISK, "--force-update-os-disk-for-ephemeral": OS_DISK},
    "run-command create": dict.fromkeys(
        ("--location", "-l"), "Omit it: a run command is created in the region of its instance."
    ),
    "run-command list": dict.fromkeys(("--max-items", "--next-token"), ALL_AT_ONCE),
    "run-command show": {"--expand": "Use --instance-view."},
    "run-command wait": {"--expand": "Omit it: the instance view is always read."},
    "show": dict.fromkeys(("--include-user-data", "-u"), "Use `az vm show --include-user-data` with the name of a VM."),
    "update": {
        **dict.fromkeys(_OF_THE_MODEL.split(), MODEL),
        "--force-string": "Quote the value to keep it a string: --set 'tags.build=\"7\"'.",
        "--vm-sku": "Use --size.",
    },
}
