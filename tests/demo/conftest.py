from tests.demo_case import demo_case, demo_database

__all__ = ["demo_case", "demo_database"]
