"""The comparison of the table with real Azure, for users who have a subscription."""
