"""The trail keeps no Django models: its tables live in schema ``trail`` and are written by the database alone."""
