"""What is known of each operation: the table and its views."""
