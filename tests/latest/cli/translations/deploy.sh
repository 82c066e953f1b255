#!/usr/bin/env bash
# Deploys; az vmss deallocate is not called by this comment.
set -euo pipefail
RG="my group" SET=web; wait=(--no-wait)

retry() { local n=0; until "$@"; do (( ++n < 3 )) || return 1; done; }

stop_all() {
  local names
  names=$(az vmss list-instances -g "$RG" -n $SET --query "[].instanceId" -o tsv)
  az vmss deallocate --resource-group "$RG" \
    --name "$SET" \
    --instance-ids $names \
    --no-wait        # and do not wait
}

stop_all
az vmss start -g "$RG" -n "$SET"
az vmss start -g "$RG" -n "$SET" --instance-ids 'a b' "c$SET" >/dev/null
az vmss deallocate "${wait[@]}" -g "$RG"
retry az vmss deallocate -g "$RG" -n "$SET"
if az vmss get-instance-view -g "$RG" -n "$SET" --instance-id '*' &> /dev/null && [[ $SET =~ ^(web|db)$ ]]; then
	for zone in 1 2 "3 4"; do
		case "$zone" in
			1|2) az vmss perform-maintenance -g "$RG-$zone" -n "$SET" ;;
			*) az "vmss" 'reimage' -n "$SET" -g "$RG" --instance-ids "${SET}_$(printf %04d $((1 << 3)))";;
		esac
	done
fi
cat <<USAGE
  az vmss deallocate -g $RG
  $(az vmss stop -g "$RG" --instance-ids x)
USAGE
echo "view: `az vmss get-instance-view -g rg -n $SET -o none`" "it's" 'a "quote"' ; ! (az vmss simulate-eviction -g rg -n w --instance-id a >/dev/null; false)
{ az vmss list-instances -g rg -n "$SET"; } | cat
time az vmss show -g rg -n web --instance-id web_1 --output table
xargs az vmss restart -g rg -n web --instance-ids < <(printf '%s\n' a b)
az vmss show -g rg -n web | cat; az vmss update -g rg -n web --set "tags.a=b c"
