"""What ``capture`` is compared with: one table's shape, kept by the trail and by each of three packages."""
