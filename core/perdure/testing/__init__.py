"""What those need who test with perdure: fixtures for pytest, and suites that prove a store and a lifecycle."""
