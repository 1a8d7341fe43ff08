"""What people and verifiers open: the log's own files, and its entries in words."""
