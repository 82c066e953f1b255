"""Every request to Azure Resource Manager."""
