"""The scheduler of requests and polls, which knows nothing of Azure."""
