"""What those need who test with perdure: a suite that proves a store."""
