"""Routes that `az login` calls before the first ARM request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from armsim.arm.errors import ArmError, subscription_not_found
from armsim.arm.router import Call, Router
from armsim.identifiers import TENANT
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.cloud import Cloud

routes = Router()


@routes.route("GET /metadata/endpoints", "metadata", surface="public")
def show_endpoints(call: Call) -> Response:
    """Return the endpoints of the cloud for `az cloud register`: each is the simulator."""
    url = call.cloud.url
    return Response(200, {
        "name": "armsim",
        "portal": url,
        "authentication": {
            "loginEndpoint": url,
            "audiences": [f"{url}/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "media": url,
        "graphAudience": url,
        "graph": url,
        "microsoftGraphResourceId": url,
        "resourceManager": url,
        "gallery": url,
        "vmImageAliasDoc": url,
        "batch": url,
        "suffixes": dict.fromkeys(["storage", "keyVaultDns", "sqlServerHostname", "acrLoginServer"], "localhost"),
    })  # fmt: skip


@routes.route("GET /msi/token", "token", query=("resource", "client_id"), surface="public")
def issue_identity_token(call: Call) -> Response:
    """Return a token as the App Service managed identity endpoint does."""
    if "x-identity-header" not in call.request.headers:
        raise ArmError(401, "Unauthorized", "The X-IDENTITY-HEADER header is missing.")
    audience = call.request.query.get("resource")
    if not audience:
        raise ArmError(400, "invalid_request", "The resource parameter is missing.")
    expiry = int(call.cloud.clock.utc().timestamp()) + call.cloud.settings.token_lifetime
    token = _issue(call.cloud, audience, call.request.query.get("client_id", ""))
    return Response(200, {**token, "expires_on": str(expiry), "resource": audience})


@routes.route("GET /{tenant}/v2.0/.well-known/openid-configuration", "openid", surface="public")
def show_openid_configuration(call: Call) -> Response:
    """Return the token endpoints for a service principal."""
    base = f"{call.cloud.url}/{call.params['tenant']}"
    return Response(200, {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "tenant_region_scope": "EU",
    })  # fmt: skip


@routes.route("POST /{tenant}/oauth2/v2.0/token", "token", query=("client-request-id",), surface="public")
def issue_principal_token(call: Call) -> Response:
    """Return a token for any service principal; refuse other grants."""
    form = parse_qs(call.request.content.decode())
    if form.get("grant_type") != ["client_credentials"]:
        return Response(
            400, {"error": "unsupported_grant_type", "error_description": "armsim: client_credentials only"}
        )
    audience = form.get("scope", [""])[0].removesuffix("/.default")
    lifetime = call.cloud.settings.token_lifetime
    client = form.get("client_id", [""])[0]
    return Response(200, {**_issue(call.cloud, audience, client), "ext_expires_in": lifetime})


def _issue(cloud: Cloud, audience: str, client: str) -> dict[str, Any]:
    lifetime = cloud.settings.token_lifetime
    token = cloud.tokens.issue(audience, cloud.clock.utc(), lifetime, client)
    return {"token_type": "Bearer", "access_token": token, "expires_in": lifetime}


@routes.route("GET /subscriptions", "listSubscriptions", surface="login", bucket="reads")
def list_subscriptions(call: Call) -> Response:
    """List the subscriptions, the world's own first."""
    return Response(200, {"value": [_subscription(one.world.subscription) for one in call.cloud.subscriptions()]})


@routes.route("GET /subscriptions/{subscription}", "subscription", bucket="reads")
def show_subscription(call: Call) -> Response:
    """Return one subscription."""
    if call.params["subscription"].lower() != call.cloud.world.subscription:
        raise subscription_not_found(call.params["subscription"])
    return Response(200, _subscription(call.cloud.world.subscription))


@routes.route("GET /tenants", "listTenants", surface="login", bucket="reads")
def list_tenants(call: Call) -> Response:  # noqa: ARG001 - every handler takes the call
    """List the one tenant."""
    return Response(200, {"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT}]})


def _subscription(subscription: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": TENANT,
        "displayName": "armsim",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }
